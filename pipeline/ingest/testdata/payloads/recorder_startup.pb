
¡‰‹Ø•šï:alertmanager-0


0.34.0 