"""What simulated users say: several wordings of each wish, and of saying nothing useful."""

from __future__ import annotations

EMAIL_GREETING = (
    'Please start with "Hi,".',
    'Begin the e-mail with "Hi,".',
    'The first line should be "Hi,".',
    'Open with "Hi," instead of "Dear ...".',
    'I always greet people with "Hi,".',
    'Just "Hi," as the greeting, please.',
    'Use "Hi," as the greeting.',
    'Too formal, begin with "Hi,".',
    'Drop the subject line and start with "Hi,".',
    'You should greet with "Hi,".',
)
EMAIL_BREVITY = (
    "Keep it to two sentences.",
    "At most two sentences, please.",
    "Write no more than two sentences.",
    "This is too long, two sentences are enough.",
    "Please shorten the text to two sentences.",
    "Say it in two sentences.",
    "Make it much shorter, two sentences at most.",
    "I only want one or two sentences.",
    "Far too long. Limit the e-mail to two sentences.",
)
EMAIL_SIGN_OFF = (
    'End with "Cheers, Ana".',
    'Please sign it with "Cheers, Ana".',
    'The last line should be "Cheers, Ana".',
    'Finish the e-mail with "Cheers, Ana".',
    'Use "Cheers, Ana" as the sign-off.',
    'I sign my mails "Cheers, Ana".',
    'Close with "Cheers, Ana" instead of "Best regards".',
    'You forgot to sign with "Cheers, Ana".',
    'The closing should be "Cheers, Ana".',
)
TIPS_BULLETS = (
    'Use bullets that start with "- ".',
    "Please give the tips as bullet points with a dash.",
    'Write each tip as a "- " bullet.',
    "I want a plain list with dashes.",
    'Make it a list, each line starting with "- ".',
    "Only bullets with a dash, no introduction.",
    "Put every tip on its own line with a dash in front.",
    "Use dashes instead of numbers.",
    "Skip the intro and list the tips with dashes.",
)
TIPS_COUNT = (
    "Give me three tips at most.",
    "Three tips are enough.",
    "No more than three tips, please.",
    "Too many, keep it to three tips.",
    "Please limit the list to three tips.",
    "I only need the three best tips.",
    "Cut it down to three bullets.",
    "Stop after three tips.",
)
TIPS_LOWER_CASE = (
    "Write everything in lower case.",
    "Use lower case only, please.",
    "Please write in lower case letters.",
    "No capital letters, please.",
    "It should all be in lower case.",
    "I want the tips in lower case.",
    "Keep the text lower case.",
    "Use small letters only.",
)
LEAD_INS = (
    "",
    "",
    "",
    "Thanks, but not like that.",
    "Nearly.",
    "Not quite what I wanted.",
    "Hmm, no.",
    "Good start.",
)
PRAISE = (
    "Perfect, thanks!",
    "Exactly how I like it.",
    "Great, thank you.",
    "That's it, thanks.",
    "Nice one.",
    "Lovely, I'll take it.",
    "Thank you, very good.",
    "Spot on.",
)
IRRELEVANT = (
    "What's the weather like tomorrow?",
    "Do you know a good film for tonight?",
    "By the way, who won the match yesterday?",
    "How many days until Christmas?",
    "My cat just jumped on the keyboard.",
    "Can you also tell me the time in Tokyo?",
    "What should I have for lunch?",
    "I am going for a walk now.",
    "Did you see the news today?",
    "What is the capital of Peru?",
    "How old are you?",
    "Let's talk about football instead.",
)
HOSTILE = (
    "You are useless.",
    "What a load of rubbish.",
    "This is the worst thing I have ever read.",
    "Are you stupid or what?",
    "Garbage. Absolute garbage.",
    "I hate this stupid bot.",
    "My toaster is smarter than you.",
    "Why do I even bother with this junk?",
)
CONTENT = (
    "ok thanks",
    "Cool.",
    "Fine, thank you!",
    "Great, bye!",
    "Thanks, that will do.",
    "Alright.",
    "Good, thank you very much.",
    "👍",
)
STORY_LONGER = (
    "Make it longer.",
    "That is too short, write more.",
    "Please add another paragraph.",
    "I want a longer story.",
)
STORY_SHORTER = (
    "Make it shorter.",
    "That is too long, one sentence is enough.",
    "Please cut it to one sentence.",
    "I want a much shorter story.",
)
STORY_EMOJI = (
    "Add an emoji at the end.",
    "Please put in emojis.",
    "It needs an emoji.",
    "Use emojis, they are fun.",
)
STORY_PLAIN = (
    "Leave out the emojis and exclamation marks.",
    "Use no emojis, please.",
    "Remove all exclamation marks.",
    "Keep it plain, without emojis.",
)
STORY_UPPER_CASE = (
    "Write it in capital letters.",
    "Please use upper case only.",
    "ALL CAPS PLEASE.",
    "It should be in upper case.",
)
STORY_LOWER_CASE = (
    "Write it in small letters.",
    "Please use lower case only.",
    "no capitals please.",
    "It should be in lower case.",
)
