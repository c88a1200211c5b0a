"""The error tree, and the exit code of each branch.

MesccError                  shown to the user in words, never with a traceback
├── UsageError       (2)    a wrong option, a wrong config
├── CodebookError    (2)    a codebook file that cannot be trusted
├── TableError       (3)    an input table that cannot be used
└── IdentifierError  (4)    identifiers found; nothing was written
"""


class MesccError(Exception):
    """Anything that the user can put right.

    Parameters
    ----------
    subject : str
        What cannot be used: a file, a config, an option.
    problems : sequence of str
        Every problem found, each in words: where, what was found, what was wanted.
    """

    exit_code = 1

    def __init__(self, subject, problems=()):
        self.subject = subject
        self.problems = tuple(problems)
        super().__init__(subject, self.problems)

    def __str__(self):
        if not self.problems:
            return str(self.subject)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        return f"{self.subject} cannot be used:\n{lines}"


class UsageError(MesccError):
    exit_code = 2


class CodebookError(UsageError):
    pass


class TableError(MesccError):
    exit_code = 3


class IdentifierError(MesccError):
    exit_code = 4
