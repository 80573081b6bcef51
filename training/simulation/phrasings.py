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
RECIPES_STEPS = (
    "Please number the steps.",
    "Write the steps as a numbered list.",
    "I need numbered steps that I can follow.",
    "Use 1., 2., 3. for the steps.",
    "Give me only the numbered steps.",
    "Number the steps, please, no paragraphs.",
    "Just the steps with numbers.",
    "It should be a numbered list.",
)
RECIPES_FEW = (
    "Six steps at most, please.",
    "No more than six steps.",
    "Keep it to six steps.",
    "Too many steps, six are enough.",
    "Please cut it down to six steps.",
    "Limit the recipe to six steps.",
    "I lose track after six steps, use fewer.",
    "At most six numbered steps.",
)
RECIPES_ENJOY = (
    'End with "Enjoy!".',
    'The last line should be "Enjoy!".',
    'Please finish with "Enjoy!".',
    'Close the recipe with "Enjoy!".',
    'I like it when a recipe ends with "Enjoy!".',
    'Put "Enjoy!" on a line of its own at the end.',
    'You forgot "Enjoy!" at the end.',
    'Write "Enjoy!" as the last line.',
)
PLANS_LIST = (
    "Make the plan a numbered list.",
    "Please number the points of the plan.",
    "I want a numbered plan.",
    "Use numbers for the points.",
    "Write the points as 1., 2., 3.",
    "A plan has numbered points, please.",
    "Put the plan into a numbered list.",
    "Number every point.",
)
PLANS_FEW = (
    "Five points at most.",
    "No more than five points, please.",
    "Keep the plan to five points.",
    "That is too much, five points are enough.",
    "Please limit the plan to five points.",
    "Shorten the plan to five points.",
    "I only want the five most important points.",
    "Stop after five points.",
)
PLANS_QUESTION = (
    "End with a question to me.",
    "Please finish by asking me a question.",
    "Ask me at the end what I would change.",
    "The last line should be a question.",
    "Close with a question about my wishes.",
    "You should ask me something at the end.",
    "Finish with a question, so that we can go on.",
    "Ask whether the plan suits me.",
)
EXPLAIN_FIRST = (
    'Begin with "Short answer:".',
    'Start with the answer, after the words "Short answer:".',
    'Put "Short answer:" and the answer first.',
    'I want the first line to be "Short answer:" and the answer.',
    'Answer first, with "Short answer:" in front.',
    'Open with "Short answer:" please.',
    'The explanation should start with "Short answer:".',
    'Say it at once: "Short answer:" and then the answer.',
)
EXPLAIN_BRIEF = (
    "Explain it in two sentences.",
    "At most two sentences, please.",
    "Two sentences are enough for me.",
    "Too long, keep the explanation to two sentences.",
    "Please explain it in no more than two sentences.",
    "Shorten it to two sentences.",
    "I only read two sentences.",
    "Use two sentences at most for the explanation.",
)
EXPLAIN_PLAIN = (
    "Use no lists and no headings.",
    "Please write plain sentences without a list.",
    "I don't want bullet points in an explanation.",
    "Leave out the list.",
    "Write prose, not a list.",
    "Avoid lists and bold words.",
    "Explain it without bullets.",
    "Drop the numbered points and use plain text.",
)
PROS_TABLE = (
    "Put it into a table with the columns Pros and Cons.",
    "Please make a table, pros on the left and cons on the right.",
    "I want a Markdown table with Pros and Cons.",
    "Use a table instead of lists.",
    "Show me the pros and cons as a table.",
    "A table with two columns would be better.",
    "Write it as a table, nothing else.",
    "Give me only the table.",
)
PROS_ROWS = (
    "Three rows at most.",
    "No more than three rows, please.",
    "Limit the table to three rows.",
    "Three pros and three cons are enough.",
    "Keep it to three points a side.",
    "Please list at most three of each.",
    "Too many points, take the three most important.",
    "Only three rows in the table.",
)
PROS_SHORT = (
    "Use a few words in each cell.",
    "Keep every point under eight words.",
    "Please write short points, no sentences.",
    "At most eight words a point.",
    "Short phrases only.",
    "The points are too long, use keywords.",
    "Write each point in a few words.",
    "I want short phrases instead of full sentences.",
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
