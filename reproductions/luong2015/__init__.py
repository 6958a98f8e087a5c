"""Global and local attention after the step (Luong, Pham and Manning, 2015)."""
