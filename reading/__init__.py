"""Content on its way from Discord to a reader, whoever has decided that it goes there.

All that send content do it by this code: what is read ahead, how many downloads run, how slow a reader may
be, how an archive is made.
"""
