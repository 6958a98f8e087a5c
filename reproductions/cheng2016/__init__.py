"""Cheng, Dong and Lapata (2016), "Long Short-Term Memory-Networks for Machine Reading"."""
