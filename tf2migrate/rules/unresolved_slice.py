"""TFM401 (contract C1): something that a run depends on cannot be followed."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM401",
    name="unresolved-slice",
    summary="""
        Finds runs whose fetches or feeds depend on something that the analysis cannot follow: a name that
        is computed, a value from code outside the project, a loop over what is known only when the program
        runs.
    """,
    why="""
        A run returns what its fetches depend on. As long as a part of that is unknown, so is what the
        function that replaces the run has to compute, and a guess would be silently wrong. One unknown
        spoils the runs that need it, not the program.
    """,
    example="""
        import sys

        import tensorflow as tf

        x = tf.placeholder(tf.float32, [])
        nodes = {"double": x * 2.0, "square": x * x}
        name = sys.argv[1] if len(sys.argv) > 1 else "double"
        with tf.Session() as sess:
            print(sess.run(nodes[name], {x: 3.0}))
    """,
    use_instead="""
        import sys

        import tensorflow as tf


        def double(x):
            return x * 2.0


        def square(x):
            return x * x


        functions = {"double": double, "square": square}
        name = sys.argv[1] if len(sys.argv) > 1 else "double"
        print(functions[name](tf.constant(3.0)).numpy())
    """,
    fix=manual("""
        The program, or that graph in it, is left as it is. Fetch by a name that is bound to one tensor, or
        move the choice in front of the building of the graph; then run the migration again.
    """),
    references=("https://www.tensorflow.org/guide/migrate/tf1_vs_tf2",),
)
