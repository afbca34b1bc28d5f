"""The vocabulary of the simulated company: sectors, jobs, channels, regions and names, with their hidden effects.

``appeal`` adds to the log hazard of winning; ``watch`` adds to the log-odds of keeping watch without a project.
The pipeline never reads this file: it must learn these effects from the tables.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sector:
    """A NAF class: its share of the accounts, its effects, and revenue by employee in thousands of euros."""

    naf: str
    weight: float
    appeal: float
    watch: float
    productivity: float


@dataclass(frozen=True)
class Job:
    """A job title as people write it, with what it means: function, seniority and effects."""

    title: str
    function: str
    seniority: str
    weight: float
    appeal: float
    watch: float


@dataclass(frozen=True)
class Channel:
    """A source of leads, its effects and its economics.

    Shares at the start and at the end; how warm and how active its leads are; what one costs in euros; the event
    of their creation, if any.
    """

    name: str
    direction: str
    share: tuple[float, float]
    appeal: float
    watch: float
    warm: float
    activity: float
    unit_cost: float
    first_act: str


_SECTORS = """
62.01Z 9 0.5 -0.3 150|62.02A 8 0.3 0.5 140|62.03Z 2 0.2 0.0 170|63.11Z 3 0.4 -0.2 190|58.29C 4 0.6 -0.3 180
70.22Z 9 -0.5 1.6 120|71.12B 6 0.1 0.0 130|69.20Z 4 -0.1 0.1 110|73.11Z 5 -0.3 1.0 125|78.20Z 3 0.3 -0.1 60
64.19Z 2 0.1 -0.2 400|65.12Z 2 0.4 -0.2 380|66.22Z 3 0.3 0.0 160|46.69B 5 0.2 -0.3 330|46.51Z 3 0.3 -0.2 360
47.91B 4 0.1 0.0 250|49.41A 4 -0.2 -0.2 130|52.29A 3 0.2 -0.2 220|25.62B 4 0.0 -0.3 140|28.22Z 3 0.2 -0.3 210
10.71C 3 -0.9 0.0 75|41.20B 4 -0.6 -0.1 200|43.21A 4 -0.5 -0.1 130|86.10Z 2 -0.4 0.2 90|85.42Z 3 -1.3 1.8 80
84.11Z 2 -1.0 0.6 70|55.10Z 2 -0.6 0.0 95|56.10A 3 -1.0 0.0 65|20.59Z 2 0.2 -0.2 320|21.20Z 2 0.3 -0.2 350
26.51B 2 0.4 -0.3 190|35.11Z 1 0.1 0.0 500|68.20B 2 -0.5 0.1 210|94.99Z 2 -1.0 0.5 60
"""
SECTORS = tuple(
    Sector(row[0], *map(float, row[1:]))
    for row in (cell.split() for cell in _SECTORS.replace("\n", "|").split("|") if cell)
)
# Sectors of the ideal customer profile, as the old points grid has it.
TARGET_NAF = frozenset({"62.01Z", "62.02A", "63.11Z", "58.29C", "71.12B", "46.69B", "46.51Z", "65.12Z", "26.51B"})

_JOBS = """
Directeur général;management;c_level;5;0.4;-0.7|CEO;management;c_level;4;0.4;-0.6|Gérant;management;c_level;4;0.1;-0.3
Président;management;c_level;3;0.3;-0.6|Fondateur & CEO;management;c_level;2;0.3;-0.2|Co-founder;management;c_level;2;0.3;-0.1
Directeur commercial;sales;director;6;0.9;-1.0|Directrice commerciale;sales;director;4;0.9;-1.0|Head of Sales;sales;director;4;0.9;-0.9
VP Sales;sales;director;2;1.0;-0.9|Chief Revenue Officer;sales;c_level;1;1.0;-0.9|Responsable commercial;sales;manager;6;0.5;-0.5
Sales Manager;sales;manager;4;0.4;-0.5|Responsable ADV;sales;manager;2;0.2;-0.3|Commercial;sales;staff;4;-0.3;0.2
Account Executive;sales;staff;3;-0.3;0.3|Business Developer;sales;staff;4;-0.3;0.4|Ingénieur d'affaires;sales;staff;3;-0.1;0.1
Directeur marketing;marketing;director;4;0.7;-0.6|Directrice marketing;marketing;director;4;0.7;-0.6|CMO;marketing;c_level;2;0.7;-0.6
Responsable marketing;marketing;manager;5;0.3;0.0|Marketing Manager;marketing;manager;4;0.3;0.1|Growth Manager;marketing;manager;3;0.2;0.3
Chargée de marketing;marketing;staff;4;-0.5;0.8|Chargé de communication;marketing;staff;3;-0.8;1.0|Content Manager;marketing;staff;2;-0.6;1.0
DSI;it;director;4;0.4;-0.5|Directeur des systèmes d'information;it;director;3;0.4;-0.5|CTO;it;c_level;4;0.2;-0.2
Responsable informatique;it;manager;4;0.2;-0.2|IT Manager;it;manager;3;0.2;-0.2|Responsable CRM;it;manager;3;0.8;-0.7
Chef de projet SI;it;staff;4;0.1;0.2|Développeur;it;staff;3;-0.9;1.0|Data Analyst;it;staff;2;-0.6;0.9|CRM Manager;it;manager;2;0.8;-0.6
DAF;finance;director;3;0.0;-0.3|Directrice administrative et financière;finance;director;2;0.0;-0.3|CFO;finance;c_level;2;0.1;-0.4
Contrôleur de gestion;finance;staff;2;-0.5;0.3|Comptable;finance;staff;2;-1.0;0.3|DRH;hr;director;2;-0.5;0.1
Responsable RH;hr;manager;2;-0.7;0.2|Directeur des opérations;operations;director;3;0.3;-0.4|COO;operations;c_level;2;0.4;-0.4
Responsable achats;operations;manager;2;0.1;-0.2|Office Manager;operations;staff;2;-0.7;0.3|Assistante de direction;operations;staff;2;-0.6;0.2
Consultant;consulting;staff;6;-1.0;2.4|Consultante senior;consulting;manager;3;-0.8;2.2|Freelance;consulting;staff;3;-1.1;2.0
Business Analyst;consulting;staff;2;-0.8;1.4|Étudiant;study;student;5;-2.5;5.0|Étudiante;study;student;4;-2.5;5.0
Stagiaire;study;student;3;-1.8;3.2|Alternante marketing;study;student;3;-1.6;2.8|Enseignant-chercheur;study;staff;1;-2.0;4.0
"""


def _job(cell: str) -> Job:
    title, function, seniority, weight, appeal, watch = cell.split(";")
    return Job(title, function, seniority, float(weight), float(appeal), float(watch))


JOBS = tuple(_job(cell) for cell in _JOBS.replace("\n", "|").split("|") if cell)
DECISION_SENIORITY = frozenset({"c_level", "director"})

CHANNELS = (
    Channel("organic", "inbound", (20, 18), 0.25, 0.2, 0.50, 1.1, 18, "page_view"),
    Channel("paid_search", "inbound", (17, 14), 0.20, -0.1, 0.65, 1.0, 95, "page_view"),
    Channel("linkedin", "inbound", (9, 17), -0.15, 0.3, 0.25, 0.9, 70, "social"),
    Channel("webinar", "inbound", (10, 11), -0.20, 0.9, 0.30, 1.5, 45, "webinar"),
    Channel("white_paper", "inbound", (12, 9), -0.30, 1.1, 0.20, 1.3, 30, "download"),
    Channel("partner", "inbound", (6, 7), 0.50, -0.7, 0.55, 0.7, 60, ""),
    Channel("referral", "inbound", (5, 6), 0.75, -1.1, 0.65, 0.6, 15, ""),
    Channel("trade_show", "inbound", (8, 6), 0.00, 0.2, 0.20, 0.6, 140, ""),
    Channel("outbound_calls", "outbound", (8, 6), 0.10, -0.8, 0.10, 0.45, 55, ""),
    Channel("outbound_email", "outbound", (5, 6), -0.10, -0.4, 0.08, 0.7, 25, ""),
)

COUNTRIES = (("FR", 85.0), ("BE", 6.0), ("CH", 4.0), ("DE", 2.5), ("LU", 1.0), ("ES", 1.5))
REGIONS = (
    ("Île-de-France", 31.0),
    ("Auvergne-Rhône-Alpes", 14.0),
    ("Provence-Alpes-Côte d'Azur", 8.0),
    ("Occitanie", 8.0),
    ("Nouvelle-Aquitaine", 8.0),
    ("Hauts-de-France", 7.0),
    ("Grand Est", 6.0),
    ("Pays de la Loire", 6.0),
    ("Bretagne", 5.0),
    ("Normandie", 3.0),
    ("Bourgogne-Franche-Comté", 2.0),
    ("Centre-Val de Loire", 2.0),
)
CRMS = (
    ("none", 34.0, 0.3),
    ("hubspot", 18.0, 0.1),
    ("salesforce", 16.0, 0.2),
    ("pipedrive", 9.0, 0.3),
    ("odoo", 8.0, -0.2),
    ("dynamics", 8.0, 0.0),
    ("sellsy", 7.0, 0.2),
)
OWNERS = (
    "Agnès Thévenot",
    "Bruno Lacaze",
    "Chloé Ménard",
    "Driss Benali",
    "Élodie Guérin",
    "François Péron",
    "Inès Caron",
    "Loïc Le Goff",
    "Maëlle Rivière",
    "Nils Öberg",
    "Sophie Dumas",
    "Yann Kerbrat",
)

FREE_MAIL = (
    "gmail.com",
    "orange.fr",
    "free.fr",
    "outlook.fr",
    "hotmail.fr",
    "laposte.net",
    "wanadoo.fr",
    "yahoo.fr",
)
# Invented places: these universities do not exist.
EDUCATION_MAIL = (
    "etu.univ-valmont.fr",
    "univ-hauterive.fr",
    "etu.univ-montclair.fr",
    "etu.ens-bellecombe.fr",
    "etu.iut-rochefeuille.fr",
)

_FIRST_NAMES = """
Adèle Agathe Alexandre Alice Amélie Anaïs André Antoine Arnaud Aurélie Benoît Bérénice Camille Cédric
Céline Chloé Claire Clément Côme Damien Élise Élodie Émilie Éric Étienne Fanny Félix Florian François
Gaël Geneviève Grégoire Guénolé Hélène Hervé Hugo Inès Isabelle Jérôme Joël Jules Julie Karim Laëtitia
Léa Léo Loïc Louis Lucie Maël Maëlys Manon Marc Mathilde Mehdi Mélanie Michaël Nadia Nathanaël Noémie
Océane Olivier Pascal Pauline Raphaël Rémi Salomé Samir Sébastien Solène Stéphane Sylvie Théo Thérèse
Thibault Valérie Véronique Vincent Yasmine Zoé
"""
FIRST_NAMES = tuple(_FIRST_NAMES.split())
_LAST_NAMES = """
Aubert Baudry Bénard Berger Besson Blanchard Bourgeois Boyer Brémond Brun Caillé Carpentier Chevalier
Clément Colin Cordier Crépin Daniélou Delattre Desmoulins Dréano Dubois Duchêne Dufrêne Dupré Évrard
Faure Ferrand Fontaine Forêt Fournier Gaillard Gauthier Gérard Giraud Gouédard Grégoire Guérin Guichard
Hébert Hervé Hoarau Huet Jacquemin Joly Josselin Kerjean Lacroix Lagarde Lambert Langlois Le_Goff
Le_Roux Lebrun Lefèvre Lemaître Léonard Leroy Lévêque Maçon Mahé Maillard Marchand Maréchal Masson Mélot
Ménard Meunier Moreau Nédélec Noël Orsini Pélissier Perrin Picard Poirier Prévost Quéméner Rémond
Renault Rivière Rolland Roussel Salaün Séguin Sénéchal Tanguy Tessier Thévenet Thomé Trémaux Vallée
Vasseur Verdière Vidal Villeneuve Yvon Zerbib
"""
LAST_NAMES = tuple(_LAST_NAMES.split())
COMPANY_HEADS = (
    "Atelier",
    "Groupe",
    "Maison",
    "Cabinet",
    "Comptoir",
    "Société",
    "Établissements",
    "Agence",
    "Fabrique",
    "Réseau",
)
COMPANY_TAILS = (
    "Conseil",
    "Industries",
    "Numérique",
    "Services",
    "Logistique",
    "Systèmes",
    "Solutions",
    "Énergie",
    "Santé",
    "& Fils",
)
