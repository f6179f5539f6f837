"""All conditions; importing this makes them known."""

from tfviz.catalogue.conditions import environment, files, gradients, pictures, sizes, training
from tfviz.catalogue.conditions.registry import PREDICATES

__all__ = ["PREDICATES", "environment", "files", "gradients", "pictures", "sizes", "training"]
