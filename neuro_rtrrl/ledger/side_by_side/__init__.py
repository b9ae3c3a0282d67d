"""Side by side: circuits under several learning rules on several devices, as text, CSV, JSON, picture and page."""
