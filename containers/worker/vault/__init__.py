"""The profile vault: takes copies of a session's browser profile, keeps them sealed, and restores them (decision 4).

snapshot ─► manifest ─► packing ─► services/profiles        a copy is taken, listed, sealed, published
keeper                                                      when
vault                                                       what the owner of a session speaks to
restore ─► leveldb                                          a copy is put back, after every byte was checked
"""
