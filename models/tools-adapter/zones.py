"""Time zones by the places people name."""

# A place in brackets after the zone's own is another name that means it.
_TEXT = """
Europe: Paris(France,Lyon,Nice,Marseille) London(England,Britain,the UK,Manchester,Liverpool,Edinburgh,Scotland) Berlin(Germany,Munich,Hamburg,Cologne,Frankfurt)
 Madrid(Spain,Barcelona,Seville,Valencia) Rome(Italy,Milan,Naples,Venice,Florence) Vienna(Austria,Salzburg) Prague(Czechia) Warsaw(Poland,Krakow)
 Lisbon(Portugal,Porto) Dublin(Ireland) Oslo(Norway,Bergen) Stockholm(Sweden,Gothenburg) Helsinki(Finland) Athens(Greece) Zurich(Switzerland,Geneva,Basel)
 Brussels(Belgium,Antwerp) Amsterdam(the Netherlands,Holland,Rotterdam) Copenhagen(Denmark) Budapest(Hungary) Bucharest(Romania) Sofia(Bulgaria)
 Belgrade(Serbia) Istanbul(Turkey,Ankara) Moscow(Russia) Kyiv(Ukraine) Riga(Latvia) Vilnius(Lithuania) Tallinn(Estonia) Malta Monaco Luxembourg
 Zagreb(Croatia) Ljubljana(Slovenia) Sarajevo Minsk
Asia: Tokyo(Japan,Osaka,Kyoto) Seoul(South Korea,Busan) Shanghai(China,Beijing,Shenzhen) Hong_Kong Singapore Bangkok(Thailand) Jakarta(Indonesia) Manila(the Philippines)
 Kolkata(India,Delhi,New Delhi,Mumbai,Bangalore,Chennai) Dubai(the UAE,Abu Dhabi) Tehran(Iran) Baghdad(Iraq) Riyadh(Saudi Arabia) Kathmandu(Nepal)
 Karachi(Pakistan,Lahore) Dhaka(Bangladesh) Taipei(Taiwan) Tashkent(Uzbekistan) Jerusalem(Israel) Colombo(Sri Lanka) Kuala_Lumpur(Malaysia) Ho_Chi_Minh(Vietnam,Hanoi)
 Qatar(Doha) Kabul Beirut(Lebanon) Baku Tbilisi Almaty Yangon
America: New_York(Boston,Miami,Washington,Atlanta,Philadelphia,Detroit,NYC) Chicago(Dallas,Houston,Texas,Austin,New Orleans,Minneapolis) Denver(Salt Lake City,Colorado)
 Los_Angeles(California,Seattle,San Francisco,San Diego,Las Vegas,Portland,LA) Toronto(Ottawa,Montreal) Vancouver Edmonton(Calgary) Winnipeg Mexico_City(Mexico) Bogota(Colombia)
 Lima(Peru) Santiago(Chile) Caracas(Venezuela) Havana(Cuba) Panama Halifax Phoenix(Arizona) Sao_Paulo(Brazil,Rio,Rio de Janeiro) Montevideo(Uruguay) Guayaquil(Ecuador,Quito)
 La_Paz(Bolivia) Anchorage(Alaska) Jamaica Puerto_Rico Costa_Rica
America/Argentina: Buenos_Aires(Argentina)
Africa: Cairo(Egypt) Nairobi(Kenya) Lagos(Nigeria) Accra(Ghana) Tunis Casablanca(Morocco) Johannesburg(South Africa,Cape Town) Algiers Dakar(Senegal)
 Addis_Ababa(Ethiopia) Kampala(Uganda) Khartoum
Australia: Sydney(Canberra) Melbourne Perth Brisbane Adelaide Darwin Hobart
Pacific: Auckland(New Zealand,Wellington) Honolulu(Hawaii) Fiji
Atlantic: Reykjavik(Iceland) Azores
"""


def _parse(text):
    zones = {}
    for line in text.strip().replace("\n ", " ").split("\n"):
        area, _, places = line.partition(": ")
        # Blanks inside brackets belong to a name.
        depth, words = 0, [""]
        for c in places:
            depth += (c == "(") - (c == ")")
            if c == " " and not depth:
                words.append("")
            else:
                words[-1] += c
        for word in words:
            city, _, also = word.rstrip(")").partition("(")
            for name in [city.replace("_", " ")] + (also.split(",") if also else []):
                zones[name] = f"{area}/{city}"
    return zones


ZONES = _parse(_TEXT)
PLACES = list(ZONES)
COMMON = """Paris|London|Berlin|Madrid|Rome|Tokyo|New York|Los Angeles|Chicago|Sydney|Toronto|Moscow|Beijing|Shanghai|Singapore|Hong Kong|Dubai
|Mumbai|Delhi|Cairo|Seoul|Bangkok|Istanbul|San Francisco|Boston|Amsterdam|Vienna|Lisbon|Dublin|Stockholm|Oslo|Helsinki|Athens|Zurich|Prague|Warsaw
|Mexico City|Buenos Aires|Rio de Janeiro|Sao Paulo|Nairobi|Lagos|Johannesburg|Melbourne|Auckland|Denver|Seattle|Vancouver|Brussels|Copenhagen
|Kyiv|Budapest|Jakarta|Manila|Taipei|Honolulu|Reykjavik|Lima|Bogota|Santiago|Havana|Anchorage|Kathmandu|Karachi|Tehran|Riyadh""".replace("\n", "").split("|")
