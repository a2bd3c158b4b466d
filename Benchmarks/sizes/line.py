"""A line of the table."""
import dataclasses


@dataclasses.dataclass
class Line:
    name: str
    version: str
    bytes: int
    # What the bytes hold beside numbers: True, False, or words.
    strings: bool | str
    tags: bool | str
    times: bool | str
    statistics: bool | str
    index: bool | str
    how: str
    trouble: str = ""
