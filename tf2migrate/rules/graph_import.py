"""TFM807: a graph that comes from a file."""

from tf2migrate.rules.definition import Rule, manual

RULE = Rule(
    code="TFM807",
    name="graph-import",
    summary="Finds `import_meta_graph`, `import_graph_def` and frozen graphs.",
    why="""
        What such a graph computes stands in a file and not in the source, so there is nothing to rewrite.
        The program that wrote the file has to be migrated; it then saves a SavedModel, which TensorFlow 2
        loads.
    """,
    example="""
        import tensorflow as tf

        with tf.Graph().as_default() as built:
            x = tf.placeholder(tf.float32, [], name="x")
            tf.multiply(x, 2.0, name="y")
        with tf.Graph().as_default():
            tf.import_graph_def(built.as_graph_def(), name="")
            with tf.Session() as sess:
                print(sess.run("y:0", {"x:0": 3.0}))
    """,
    use_instead="""
        import tempfile

        import tensorflow as tf


        class Doubled(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
            def __call__(self, x):
                return tf.multiply(x, 2.0)


        directory = tempfile.mkdtemp()
        tf.saved_model.save(Doubled(), directory)
        print(tf.saved_model.load(directory)(3.0).numpy())
    """,
    fix=manual("""
        The program is left as it is. Migrate the program that writes the graph, and save a SavedModel.
    """),
    references=("https://www.tensorflow.org/guide/saved_model",),
)
