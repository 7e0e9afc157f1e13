"""What people save about themselves and their surroundings, with likely values."""
from values import COLOURS, DAYS

# "my" goes before these, "the" before those.
MINE = """favourite colour|favorite color|birthday|phone number|dog's name|email|home town|car|locker code|shoe size|door code
|favourite food|middle name|team|office|desk number|cat's name|wifi password|seat|nickname|bike|account number|favorite movie
|favourite song|hobby|boss|project|favourite number|address|wife's name|husband's name|sister|brother|flight number|doctor's name
|hotel|dentist|doctor|size|favourite book|favourite city|blood type|passport number|gym day|lucky number|tea|lunch|anniversary
|license plate|mother's birthday|language|deadline|rent|salary|budget|goal|password hint|wifi name|favorite restaurant|coffee order
|employee number|membership number|landlord|vet|mechanic|bank|manager|roommate|daughter's name|son's school|pin|allergy|diet
|parking spot|gate code|printer|mentor|next appointment|first school|star sign|running time|favorite band|bus line|key word""".replace("\n", "").split("|")
THINGS = """meeting room|wifi password|server name|door code|deadline|code word|project name|printer|release date|room
|parking spot|gate|train|order number|ticket number|budget|alarm code|table number|garage code|guest code|hotel name|client
|conference code|staging server|team lead|recipe|launch date|meeting time|plumber's number|spare key|dress code|backup drive""".replace(
    "\n", "").split("|")
AMOUNTS = """budget|rent|salary|price|goal|savings|weight|mileage|bonus|deposit|debt|allowance|total|fee|step goal
|electricity bill|grocery bill|hourly rate|phone bill|score|loan|pension|income""".replace("\n", "").split("|")
FOODS = """pizza|pasta|sushi|salad|soup|curry|bread|rice|tacos|noodles|pancakes|cheese|apples|lasagne|ramen|falafel|dumplings|chili
|mushroom risotto|fish and chips|blueberries|pad thai|burgers|goulash""".replace("\n", "").split("|")
KINDS = {"colour": lambda d: d.one(COLOURS), "color": lambda d: d.one(COLOURS), "food": lambda d: d.one(FOODS), "lunch": lambda d: d.one(FOODS),
         "birthday": lambda d: d.spoken_date(), "anniversary": lambda d: d.spoken_date(), "date": lambda d: d.spoken_date(),
         "deadline": lambda d: d.spoken_date(), "day": lambda d: d.one(DAYS), "town": lambda d: d.city(), "city": lambda d: d.city(),
         "name": lambda d: d.person(), "sister": lambda d: d.person(), "brother": lambda d: d.person(), "boss": lambda d: d.full_name(),
         "phone": lambda d: d.phone(), "time": lambda d: d.clock_time(), "number": lambda d: d.number(), "code": lambda d: d.code(),
         "password": lambda d: d.code(), "pin": lambda d: d.number(4), "email": lambda d: d.kind("email").value, "address": lambda d: d.address(),
         "hotel": lambda d: d.title(), "restaurant": lambda d: d.company(), "doctor": lambda d: "Dr. " + d.one_surname(),
         "appointment": lambda d: f"{d.one(DAYS)} at {d.clock_time()}", "server": lambda d: d.code(), "bank": lambda d: d.company(),
         "movie": lambda d: d.title(), "book": lambda d: d.title(), "song": lambda d: d.title(), "band": lambda d: d.title()}


def anything(draw):
    """Any value at all."""
    return draw.rng.choice([draw.word, draw.person, draw.city, draw.number, draw.code, draw.spoken_date, draw.full_name, draw.title,
                            lambda: draw.words(2, 3), lambda: draw.one(COLOURS), draw.product])()


def fact(draw, key):
    """A likely value for something a person saves under the key."""
    r = draw.rng
    for mark, make in KINDS.items():
        if mark in key and r.random() < .8:
            return make(draw)
    if key in AMOUNTS and r.random() < .85:
        n = draw.number(r.choice([2, 3, 3, 4]))
        return r.choice([n, n, n, "$" + n, n + " euros"])
    return anything(draw)
