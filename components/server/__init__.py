"""HTTP around the served model: connections, limits, MLflow's scoring protocol, the page. Nothing here is packaged."""
