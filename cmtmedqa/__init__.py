"""cmtmedqa: build, annotate and train on multi-turn doctor-patient dialogues in Chinese.

Importing the package loads no deep-learning library; every heavy import lives in the function that needs it.
"""

__version__ = "0.1.0"
