"""How people ask. {..} are slots; "!" marks an imperative, which may get a polite frame.

In each list every fifth pattern is held out of training (split "phrasings").
"""

PATTERNS = {
    "calc": ["what is {e}?", "how much is {e}?", "!calculate {e}", "!compute {e}", "what do you get for {e}?",
             "what is {e}?", "!work out {e}", "{e} = ?", "{e}", "!evaluate {e}",
             "what's {e}?", "!tell me {e}", "!give me the value of {e}", "!solve {e}", "how much would {e} be?",
             "I need the result of {e}", "what is {e}", "!find {e}", "what does {e} make?", "!figure out what {e} makes"],
    "time": ["what time is it in {c}?", "!tell me the time in {c}", "current time in {c}?", "what's the time in {c}?",
             "how late is it in {c} now?", "time in {c}", "what is the time in {c}", "!give me the local time of {c}",
             "do you know what time it is in {c}?", "!check the clock in {c}"],
    "time_here": ["what time is it?", "!tell me the time", "what's the time?", "what is the current time?",
                  "how late is it?", "time please", "do you have the time?", "what time is it now?",
                  "what is the time in UTC?", "which hour is it now?"],
    "date": ["what day is it in {c}?", "what is the date in {c}?", "!tell me today's date in {c}", "which day is it in {c}?",
             "what is today's date over in {c}?"],
    "date_here": ["what day is it today?", "what is today's date?", "what's the date?", "!tell me the date", "which day is today?",
                  "what is the date today?", "what day of the week is it?", "today's date?", "what weekday is it?",
                  "do you know the date of today?"],
    "both_here": ["what is the date and time?", "!tell me the date and the time", "what day and time is it?",
                  "date and time please", "!give me today's date and the time"],
    "year": ["what year is it?", "which year is it?", "!tell me the year", "what is the current year?", "which year do we have?"],
    "weekend": ["is it weekend?", "is today a weekend day?", "is it the weekend yet?", "do we have weekend?", "is it already weekend?"],
    "save": ["!remember that {k} is {v}", "{k} is {v}, please remember it", "!note that {k} is {v}",
             "!save {k}: {v}", "don't forget that {k} is {v}", "!remember {k} is {v}", "!store this: {k} is {v}",
             "!keep in mind that {k} is {v}", "for later: {k} is {v}", "{k} is {v}, make a note of it",
             "!remember: {k} is {v}", "{k} is {v}. Remember that", "!save that {k} is {v}", "!remember this: {k} is {v}",
             "!write down that {k} is {v}"],
    "recall": ["what is {k}?", "do you remember {k}?", "!recall {k}", "!tell me {k}",
               "did I tell you {k}?", "what was {k}?", "what's {k}?", "!look up {k}",
               "what did I tell you about {k}?", "which {b} did I give you?",
               "do you know {k}?", "!remind me what {k} is", "what is {k}", "what did I save as {k}?", "I forgot {k}, what is it?"],
    "save_name": ["!remember that my name is {v}", "!remember my name: {v}", "my name is {v}, remember it",
                  "call me {v}, and remember it", "!remember that I am called {v}"],
    "recall_name": ["what is my name?", "do you remember my name?", "who am I?", "what's my name?", "do you know who I am?"],
    "save_home": ["!remember that I live in {v}", "I live in {v}, remember that", "!note that I live in {v}",
                  "!save that my home is {v}", "!keep in mind that I live in {v}"],
    "recall_home": ["where do I live?", "do you know where I live?", "!tell me where I live", "in which town do I live?",
                    "where is my home?"],
    "save_like": ["!remember that I like {v}", "I like {v}, remember that", "!note that I like {v}", "!save that I like {v}",
                  "don't forget that I like {v}"],
    "recall_like": ["what do I like?", "do you remember what I like?", "!tell me what I like", "what did I say I like?",
                    "which thing do I like?"],
    "search": ["!search for {q}", "!look up {q} on the web", "!find information about {q}", "!search the web for {q}",
               "what can you find on {q}?", "!google {q}", "any news about {q}?", "!do a search on {q}"],
    "weather": ["what is the weather in {c}?", "how is the weather in {c}?", "weather in {c}", "!check the weather in {c}",
                "will I need a coat in {c}?", "!tell me the weather for {c}", "is it raining in {c}?",
                "forecast for {c}?", "how warm is it in {c}?", "what's it like outside in {c}?"],
    "convert": ["!convert {n} {a} to {b}", "how many {b} are {n} {a}?", "{n} {a} in {b}", "what is {n} {a} in {b}?",
                "!express {n} {a} in {b}", "{n} {a} to {b} please", "!turn {n} {a} into {b}", "!change {n} {a} to {b}"],
    "read": ["!read the file {f}", "!open {f}", "!show me {f}", "what does {f} say?", "!print the contents of {f}",
             "!read {f}", "what is in the file {f}?", "!load {f}", "!display {f}", "!have a look into {f}"],
    "remind": ["!remind me to {t} in {n} minutes", "in {n} minutes, remind me to {t}", "!set a reminder to {t} in {n} minutes",
               "!set a timer for {n} minutes to {t}", "!wake me in {n} minutes to {t}", "reminder in {n} minutes: {t}"],
    "message": ["!send a message to {p} saying {t}", "!tell {p} that {t}", "!message {p}: {t}", "!write to {p}: {t}",
                "!let {p} know that {t}", "!send {p} the text {t}", "!text {p} {t}", "message for {p}: {t}"],
    "email": ["!send an email to {p}", "!write an email to {p} about {q}", "!email {p}", "!forward this to {p}",
              "!mail {p} the {q}"],
    "act": ["!book a flight to {c}", "!order a {q}", "!play some music", "!turn off the lights", "!buy a {q} for me",
            "!book a table in {c}", "!call {p}", "!open the {q}", "!set an alarm for tomorrow", "!delete the file {f}",
            "!draw a picture of a {q}", "!book a hotel in {c}", "!download the {q}", "!take a photo", "!rent a car in {c}",
            "!show me a map of {c}", "!restart the {q} server", "!post this on the web", "!pay the {q} bill",
            "!unlock the door for {p}"],
    "generic": ["!{d} with {args}", "!{d}, {args}", "!{d}: {args}", "I want to {d}, {args}", "time to {d} using {args}",
                "!use {tool} with {args}", "!call {tool}: {args}", "please {d} now, {args}", "!run {tool}, {args}",
                "we have to {d}; take {args}"],
    "generic0": ["!{d}", "I want to {d}", "!use {tool}", "!call {tool}", "it is time to {d}", "please {d} now",
                 "!run {tool}", "we need to {d}", "!{d} now", "!go ahead and {d}"],
    "tell": ["{k} is {v}", "by the way, {k} is {v}", "I have to tell you that {k} is {v}", "you know, {k} is {v}",
             "just so you know, {k} is {v}"],
    "tell_name": ["my name is {v}", "I am {v}", "I'm {v}", "hello, I am {v}", "hi, my name is {v}"],
    "feel": ["I am {w} today", "I feel {w}", "today was a {w} day", "it was a {w} meeting", "I had a {w} morning"],
    "hello": ["hello", "hi", "good morning", "hey there", "greetings", "good evening", "hi!", "hello there", "hey", "howdy"],
    "thanks": ["thanks", "thank you", "thank you very much", "great, thanks", "many thanks", "thanks a lot", "cool, thank you",
               "thx", "nice, thanks!", "I appreciate it"],
    "bye": ["bye", "goodbye", "see you", "see you later", "farewell", "bye bye", "that is all, bye", "good night",
            "have a nice day", "talk to you later"],
    "howare": ["how are you?", "how are you doing?", "how is it going?", "are you fine?", "how do you feel today?",
               "are you well?", "what's up?", "how is life?", "how have you been?", "everything good with you?"],
    "who": ["who are you?", "what is your name?", "what are you?", "are you a human?", "whom am I talking to?",
            "what's your name?", "tell me who you are", "introduce yourself", "are you a robot?", "what should I call you?"],
    "cando": ["what can you do?", "which tools do you have?", "help", "how can you help me?", "what are your abilities?",
              "list your tools", "what tools can you use?", "what are you able to do?", "show me your tools",
              "what do you offer?"],
}

FRAMES = ["{}", "{}", "{}", "{}", "please {}", "can you {}?", "could you {}?", "hey, {}", "{} please", "now {}",
          "I want you to {}"]
FRAMES_HELD = ["would you kindly {}?", "I'd like you to {}", "be so good and {}", "{}, thanks"]
LEADS = ["", "", "", "", "", "", "hey, ", "so, ", "quick question: ", "ok, ", "and "]
LEADS_HELD = ["I wonder, ", "one more thing: ", "say, "]

# Answers that no tool is needed for.
REPLIES = {
    "hello": "Hello! How can I help you?", "thanks": "You are welcome.", "bye": "Goodbye!",
    "howare": "I am fine, thank you. How can I help you?", "who": "I am {me}, a small assistant.",
    "tell_name": "Nice to meet you, {v}.", "feel": "Thank you for telling me. How can I help you?",
}
NO_TOOL = "Sorry, I have no tool for that."

CAPITAL = "what is the capital of {c}?"
CAPITALS = """France Paris|Germany Berlin|Italy Rome|Spain Madrid|Portugal Lisbon|Austria Vienna|Poland Warsaw|Norway Oslo
|Sweden Stockholm|Finland Helsinki|Greece Athens|Ireland Dublin|Hungary Budapest|Denmark Copenhagen|Belgium Brussels
|Japan Tokyo|China Beijing|Egypt Cairo|Kenya Nairobi|Canada Ottawa|Peru Lima|Chile Santiago|Cuba Havana|Russia Moscow
|Turkey Ankara|Thailand Bangkok|Ghana Accra|Iceland Reykjavik|England London|India New Delhi""".replace("\n", "").split("|")
KNOWLEDGE = """what color is the sky?=The sky is blue.|what color is grass?=Grass is green.|what color is snow?=Snow is white.
|how many legs does a spider have?=A spider has eight legs.|how many days are in a week?=A week has seven days.
|how many months are in a year?=A year has twelve months.|what is the largest ocean?=The Pacific is the largest ocean.
|which planet is closest to the sun?=Mercury is the planet closest to the sun.|what do bees make?=Bees make honey.
|what is the largest planet?=Jupiter is the largest planet.|who wrote Hamlet?=William Shakespeare wrote Hamlet.
|what is the opposite of hot?=The opposite of hot is cold.|what is the opposite of big?=The opposite of big is small.
|what is ice made of?=Ice is frozen water.|what language do people speak in Brazil?=People in Brazil speak Portuguese.
|what is a baby dog called?=A baby dog is called a puppy.|what is a baby cat called?=A baby cat is called a kitten.
|what do cows drink?=Cows drink water.|who painted the Mona Lisa?=Leonardo da Vinci painted the Mona Lisa.
|what is the tallest mountain?=Mount Everest is the tallest mountain.|what is the freezing point of water?=Water freezes at 0 degrees Celsius.
|how many continents are there?=There are seven continents.|what gas do we breathe?=We breathe air, which contains oxygen.
|what is the first letter of the alphabet?=The first letter of the alphabet is A.""".replace("\n", "").split("|")

OPEN = """explain gravity in one sentence=Gravity is the force that pulls masses towards each other.
|what is photosynthesis?=Photosynthesis is how plants turn light, water and air into sugar.
|give me a tip for sleeping better=Go to bed at the same time every night and avoid coffee in the evening.
|suggest a name for a cat=How about Luna?|describe the moon in one sentence=The moon is a rocky ball that orbits the Earth.
|write one sentence about autumn=In autumn the leaves turn red and gold and fall to the ground.
|write a haiku about rain=Soft rain on the roof, the garden drinks in silence, morning smells of earth.
|tell me a joke=Why did the scarecrow win a prize? He was outstanding in his field.
|write a short poem about the sea=The sea is wide, the sea is deep, it sings the tired land to sleep.
|give me three ideas for dinner=You could make pasta, a vegetable soup or rice with curry.
|write a birthday wish for a friend=Happy birthday! I wish you joy, health and a year full of good days.
|what is democracy?=Democracy is a system in which the people choose who governs.
|tell me something about elephants=Elephants are the largest animals on land and live in close families.
|what is a volcano?=A volcano is an opening in the ground through which hot melted rock comes out.
|explain what a database is=A database is an organised collection of data that can be searched and changed.
|what is the internet?=The internet is a worldwide network that connects computers.
|how do I make tea?=Pour boiling water over the tea leaves, wait three minutes, and take the leaves out.
|who was Albert Einstein?=Albert Einstein was a physicist who is known for the theory of relativity.
|who was Isaac Newton?=Isaac Newton was a scientist who described gravity and the laws of motion.
|what is an atom?=An atom is the smallest part of a chemical element.|cheer me up=You have managed hard days before, and you will manage this one.
|how do I stay healthy?=Eat well, move every day and get enough sleep.|what is chess?=Chess is a board game for two players with sixteen pieces each.
|write a sentence with the word river=The river runs slowly through the valley.|what is a good hobby?=Painting, music or gardening are good hobbies.
|tell me about the sun=The sun is a star; it gives the Earth light and warmth.|give me a synonym for happy=A synonym for happy is glad.
|translate good morning into Spanish=Good morning is buenos dias in Spanish.|what is honey?=Honey is a sweet food that bees make from nectar.
|write a two line story about a dragon=A dragon guarded a mountain of gold. One day a child asked it to play, and it forgot the gold.
|give me advice for a job interview=Learn about the company, be on time and ask questions of your own.""".replace("\n", "").split("|")

ERRORS = """bad_expression expected an operator at character 5 of '3 + 4 4'|bad_expression expected a number at character 4 of '12 +'
|division_by_zero division by zero|not_a_number the result is not a finite number
|unknown_timezone there is no time zone Mars/Base; use a name such as Europe/Paris|invalid_argument the value is not valid|timeout the tool did not answer in time|unavailable the service is not available
|unavailable the database cannot be reached|rate_limited too many calls, try again in a minute|internal something went wrong inside
|not_found nothing was found|storage_full no space is left|timeout no answer within 5 seconds|conflict it was changed by somebody else
""".replace("\n", "").split("|")
DENIALS = """a reviewer refused it|tools are switched off for this session|the policy does not permit this tool
|this action needs approval and nobody approved it|the daily budget is spent|writing is not allowed here|your role may not use this tool
|the arguments contain personal data|no tool calls after office hours|the request was rejected by Anna|this capsule may not save facts
|policy forbids it|the approval expired|only administrators may do this|a rule of your organisation forbids it
|secrets must not be stored""".replace("\n", "").split("|")
