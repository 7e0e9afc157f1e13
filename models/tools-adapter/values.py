"""Values that conversations speak about, and what of them training never sees."""
import random
import zlib
from pathlib import Path

NAMES = """Anna Ben Carla David Elena Felix Greta Hugo Irene Jonas Karin Leo Maria Nils Olga Paul Quentin Rosa
Samir Tara Umar Vera Walter Xenia Yusuf Zoe Amir Bruno Chloe Dario Emma Farid Gina Henry Ines Jack Kofi Lena
Milan Nora Omar Petra Ravi Sofia Tom Ursula Viktor Wendy Yara Zane""".split()

# Time zones by the places people name. A place in brackets after the zone is another name that means it.
ZONES = {}
for _line in """Europe: Paris(France) London(England,Britain) Berlin(Germany,Munich,Hamburg) Madrid(Spain) Rome(Italy,Milan)
 Vienna(Austria) Prague Warsaw(Poland) Lisbon(Portugal) Dublin(Ireland) Oslo(Norway) Stockholm(Sweden)
 Helsinki(Finland) Athens(Greece) Zurich(Switzerland,Geneva) Brussels(Belgium) Amsterdam(Holland) Copenhagen(Denmark)
 Budapest(Hungary) Bucharest(Romania) Sofia Belgrade Istanbul(Turkey) Moscow Kyiv(Ukraine) Riga Vilnius Tallinn
 Malta Monaco Luxembourg Zagreb
Asia: Tokyo(Japan,Osaka,Kyoto) Seoul Shanghai(China,Beijing) Hong_Kong Singapore Bangkok(Thailand) Jakarta Manila
 Kolkata(India,Delhi,Mumbai) Dubai Tehran Baghdad Riyadh Kathmandu(Nepal) Karachi(Pakistan) Dhaka Taipei(Taiwan) Tashkent
 Jerusalem Colombo
America: New_York(Boston,Miami,Washington) Chicago(Dallas) Denver Los_Angeles(California,Seattle,San Francisco) Toronto
 Vancouver Mexico_City Bogota(Colombia) Lima(Peru) Santiago(Chile) Caracas Havana(Cuba) Panama Halifax Phoenix
 Sao_Paulo(Brazil) Montevideo
Africa: Cairo(Egypt) Nairobi(Kenya) Lagos(Nigeria) Accra(Ghana) Tunis Casablanca(Morocco) Johannesburg(South Africa)
 Algiers Dakar
Australia: Sydney Melbourne Perth Brisbane Adelaide Darwin
Pacific: Auckland(New Zealand) Honolulu(Hawaii) Fiji
Atlantic: Reykjavik(Iceland)""".replace("\n ", " ").split("\n"):
    _area, _places = _line.split(": ")
    for _place in _places.replace("San Francisco", "San+Francisco").replace("South Africa", "South+Africa") \
            .replace("New Zealand", "New+Zealand").split():
        _city, _, _also = _place.rstrip(")").partition("(")
        for _name in [_city] + (_also.split(",") if _also else []):
            ZONES[_name.replace("_", " ").replace("+", " ")] = f"{_area}/{_city}"
PLACES = list(ZONES)

# What a person saves; "my" or "the" goes before it.
MINE = """favourite colour|birthday|phone number|dog's name|email|home town|car|locker code|shoe size|door code
|favourite food|middle name|team|office|desk number|cat's name|wifi password|seat|nickname|bike|account number
|favourite song|hobby|boss|project|favourite number|address|wife's name|husband's name|sister|brother|flight number
|hotel|dentist|doctor|size|favourite book|favourite city|blood type|passport number|gym day|lucky number|tea|lunch
|license plate|mother's birthday|language|deadline|rent|salary|budget|goal|password hint""".replace("\n", "").split("|")
THINGS = """meeting room|wifi password|server name|door code|deadline|code word|project name|printer|release date|room
|parking spot|gate|train|order number|ticket number|budget|alarm code|table number|garage code|guest code""".replace(
    "\n", "").split("|")
AMOUNTS = """budget|rent|salary|price|goal|savings|weight|mileage|bonus|deposit|debt|allowance|total|fee|step goal
|electricity bill""".replace("\n", "").split("|")
COLOURS = "green blue red yellow black white orange purple pink brown grey turquoise teal violet silver gold".split()
FOODS = "pizza pasta sushi salad soup curry bread rice tacos noodles pancakes cheese apples lasagne".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
SKIES = "sunny cloudy rainy windy foggy snowy clear stormy".split()
VERBS = """open close start stop create delete update check list count print send move copy rename lock unlock
archive scan clean test build deploy restart publish approve reject assign measure paint order book cancel
inspect merge split sort filter export import resize rotate compress sign verify schedule pause resume""".split()
PARAMETERS = """id name city path amount count level color size title date mode user group host port label speed
limit owner key code text note priority target source room file tag width height price item""".split()
_C, _V = "b c d f g k l m n p r s t v z br dr gr tr st".split(), "a e i o u ai ou".split()


def _words():
    """Debian's wamerican (SCOWL) if it is there, else invented words: only generality suffers without it."""
    path = Path("/usr/share/dict/american-english")
    if path.exists():
        words = path.read_text(encoding="utf-8").split()
        return [w for w in words if w.isascii() and w.isalpha() and w.islower() and 3 <= len(w) <= 9]
    return sorted({c + v + d + w for c in _C for v in _V for d in _C for w in _V})


WORDS = _words()


EVERYDAY = {"Paris", "France", "New York", "Los Angeles"}      # too common in use to be kept from training


def held(text):
    """True for the eighth of all values that training never sees."""
    return text not in EVERYDAY and zlib.crc32(("v" + str(text).lower()).encode()) % 8 == 0


class Values:
    """Draws values for one split. In the split "values" every drawn value is one training never sees."""

    def __init__(self, rng: random.Random, split: str):
        self.rng, self.split = rng, split

    def drawn(self, make, part="values"):
        """A value from make() on this split's side of the line."""
        wanted, value = self.split == part, None
        for _ in range(200):
            value = make()
            if held(value) == wanted:
                break
        return value

    def one(self, options):
        return self.drawn(lambda: self.rng.choice(options))

    def number(self, digits=None):
        """A natural number as text; small ones are often round."""
        d = digits or self.rng.choice([1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6])
        if d == 1:
            return str(self.rng.randint(2, 9))

        def make():
            n = self.rng.randint(10 ** (d - 1), 10 ** d - 1)
            return str(n // 10 * 10 if self.rng.random() < .25 else n)
        return self.drawn(make)

    def decimal(self):
        return self.drawn(lambda: f"{self.rng.randint(0, 999)}.{self.rng.choice([5, 25, 75, self.rng.randint(1, 99)])}")

    def pseudo(self):
        r = self.rng
        return "".join(r.choice(_C) + r.choice(_V) for _ in range(r.randint(2, 3))) + r.choice(["", "n", "r", "x", "s"])

    def word(self):
        return self.drawn(lambda: self.rng.choice(WORDS) if self.rng.random() < .8 else self.pseudo())

    def words(self, low, high):
        return " ".join(self.word() for _ in range(self.rng.randint(low, high)))

    def name(self):
        return self.drawn(lambda: self.rng.choice(NAMES) if self.rng.random() < .6 else self.pseudo().capitalize())

    def place(self):
        return self.one(PLACES)

    def code(self):
        r = self.rng
        return self.drawn(lambda: r.choice([
            "".join(r.choice("abcdefghjkmnpqrstuvwxyz0123456789") for _ in range(r.randint(4, 7))),
            f"{r.choice('ABCDEFGHKLM')}{r.randint(1, 99)}-{r.randint(10, 999)}", str(r.randint(1000, 999999))]))

    def date(self):
        return self.drawn(lambda: f"{self.rng.randint(1, 28)} {self.rng.choice(MONTHS)}")

    def path(self):
        return "/".join(self.word() for _ in range(self.rng.randint(1, 2))) + self.rng.choice(
            [".txt", ".md", ".json", ".csv", ".log"])

    def anything(self):
        return self.rng.choice([self.word, self.name, self.place, self.number, self.code, self.date,
                                lambda: self.words(2, 3), lambda: self.one(COLOURS)])()

    def fact(self, key):
        """A likely value for something a person saves under the key."""
        for mark, make in (("colour", lambda: self.one(COLOURS)), ("food", lambda: self.one(FOODS)),
                           ("lunch", lambda: self.one(FOODS)), ("birthday", self.date), ("date", self.date),
                           ("day", lambda: self.one(DAYS)), ("town", self.place), ("city", self.place),
                           ("name", self.name), ("sister", self.name), ("brother", self.name), ("boss", self.name),
                           ("number", self.number), ("code", self.code), ("password", self.code),
                           ("email", lambda: f"{self.word()}@{self.word()}.com")):
            if mark in key and self.rng.random() < .8:
                return make()
        return self.number() if key in AMOUNTS and self.rng.random() < .8 else self.anything()
