"""The training component: reader, fit, checkpoints, resume, stopping. Never imports Beam."""
