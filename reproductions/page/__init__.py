"""The page: type a sentence, drop a picture, see where models look; compute attention by hand. `python -m reproductions page`.

``server`` answers requests on the loopback address, ``catalogue`` lists the runs, ``published`` offers published weights
beside them, ``timelines`` the timeline; ``alignments`` asks a translator, ``images`` a classifier; ``request`` reads what a
browser sends and trusts none of it; ``connections``, ``guard`` and ``turns`` bound what one client can take from the others;
``colours`` are those of the figures. The modules in ``static`` draw in the browser: no build step,
and nothing from another server.
"""
