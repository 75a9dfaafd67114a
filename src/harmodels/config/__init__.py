"""Configuration: YAML checked against JSON Schemas and parsed once into frozen dataclasses."""
