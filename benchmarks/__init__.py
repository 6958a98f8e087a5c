"""How fast the project is, beside what the machine could do and beside other programs: ``make bench``."""

import data  # noqa: F401  (declares what torchvision needs, before anything here imports lightning)
