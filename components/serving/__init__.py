"""The MLflow python model: the exported SavedModel plus the text codec. Neither Beam nor ``components.model``."""
