"""Does a personal adapter learn a scripted user's taste, and at what cost?"""
