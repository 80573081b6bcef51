"""One page that shows every part the screens are made of, for whoever builds or checks one."""
