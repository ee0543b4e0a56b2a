import idna


def greeting():
    return idna.decode("xn--hll-5ka")
