"""The recurrent cells, one a module: its equations, their gradients, and its names elsewhere.

`nn/recurrent.py` runs the loop over time, the same for every cell. A module `<key>.py` of this
folder with a record `CELL` is a cell with that key.
"""

from collections.abc import Mapping

from harmodels import plugins
from harmodels.nn.recurrent import Cell

CELLS: Mapping[str, Cell] = plugins.CELLS
