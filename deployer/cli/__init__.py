"""The command line: one file a group of commands; each parses, wires, calls, renders, exits."""
