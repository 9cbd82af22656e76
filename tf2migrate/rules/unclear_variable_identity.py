"""TFM404 (contract C3): it is not known which variable this is."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM404",
    name="unclear-variable-identity",
    summary="""
        Finds variables of which the analysis cannot tell whether they are new or shared: the scope, the
        name or `reuse` is not known, or a function that creates them is called in a way that cannot be
        counted.
    """,
    why="""
        In TensorFlow 1 a variable is found by its scope and name, so that one line may create a variable or
        return one made elsewhere. In TensorFlow 2 it is an object that somebody holds. Two variables where
        there was one train apart; one where there were two is tied.
    """,
    example="""
        import sys

        import tensorflow as tf


        def tower(x, reuse):
            with tf.variable_scope("tower", reuse=reuse):
                return x * tf.get_variable("w", [], initializer=tf.ones_initializer())


        x = tf.placeholder(tf.float32, [])
        y = tower(x, False) + tower(x + 1.0, len(sys.argv) < 1000)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(sess.run(y, {x: 1.0}))
    """,
    use_instead="""
        import tensorflow as tf


        class Tower(tf.keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.w = self.add_weight(name="w", shape=[], initializer="ones")

            def call(self, x):
                return x * self.w


        tower = Tower()
        x = tf.constant(1.0)
        print((tower(x) + tower(x + 1.0)).numpy())
    """,
    fix=manual("""
        The program is left as it is. Write `reuse` and the scope as literals, or hold the variable in an
        object.
    """),
    references=(
        "https://www.tensorflow.org/guide/migrate/model_mapping",
        "https://www.tensorflow.org/guide/variable",
    ),
)
