"""The page: type a sentence, drop a picture, see where models look; compute attention by hand. `python -m reproductions page`.

``server`` answers requests on the loopback address, ``catalogue`` finds the runs, ``published`` offers the weights of others
beside them, ``timelines`` the timeline; ``alignments`` asks a translator, ``looks`` a classifier; ``request`` reads what a
browser sends and trusts none of it, ``saved`` packs the page into one file, ``colours`` are those of the figures. What is
drawn is drawn in the browser, by the modules in ``static``: no build step, and nothing from another server.
"""
