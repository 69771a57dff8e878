"""What the manager is made of, subject by subject; `manager.app` puts the subjects together.

Each module makes the objects of one subject from those of the subjects before it, and returns those that
later ones need. There are no decisions here but for what is configured.
"""
