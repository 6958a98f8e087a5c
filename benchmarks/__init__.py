"""Speed of the project, compared with the limit of the machine and with other programs: ``make bench``."""

import data  # noqa: F401  (declares what torchvision needs, before anything here imports lightning)
