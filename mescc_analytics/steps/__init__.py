"""One module per step: read files, call pure functions of the rooms, write files.

A step is a function ``step(inputs, out, settings)``: paths of its inputs by name, the folder it
fills, the completed config. The rooms meet here and nowhere else.
"""
