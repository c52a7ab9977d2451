"""The command line: arguments, exit codes and text output."""
