"""The page: type a sentence, drop a picture, see where models look; compute attention by hand. `python -m reproductions page`.

``server`` answers requests on the loopback address, ``catalogue`` lists the runs, ``published`` offers published weights,
``timelines`` the timeline; ``alignments`` asks a translator, ``images`` a classifier; ``request`` checks what a browser sends;
``connections``, ``guard`` and ``turns`` limit each client; ``colours`` are those of the figures. The modules in ``static`` draw
in the browser, without a build step; ``site`` writes them as a page without a server, whose models compute in ``static/local``.
"""
