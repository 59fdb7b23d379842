"""Everything that knows MLflow's client API: run tree, dataset lineage, registry."""
