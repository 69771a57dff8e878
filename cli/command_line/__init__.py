"""The command line: which commands there are, what each takes, and its help.

Every start of `discord-cloud` imports these modules, also for `--help` and for each completion in a
shell. They import nothing that takes long: what a command does is imported when it is run.
"""
