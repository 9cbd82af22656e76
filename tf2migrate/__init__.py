"""tf2migrate: from TensorFlow 1 programs to native TensorFlow 2."""

__version__ = "0.1.0"
