"""The words of the funnel report, in English and French."""

FUNNEL: dict[str, tuple[str, str]] = {
    "funnel": ("The funnel", "L'entonnoir"),
    "funnel_sub": (
        "{n} leads until {on}; definition {policy}. A step counts when it is passed within {days} days.",
        "{n} leads jusqu'au {on} ; définition {policy}. Une étape compte si elle est franchie en {days} jours.",
    ),
    "funnel_young": (
        "Leads that still wait are neither lost nor left out: each share is what would be seen had all been followed for "
        "{days} days (Aalen-Johansen). A group that is too young shows when it can be judged.",
        "Les leads en attente ne sont ni perdus ni écartés : chaque taux est celui qu'on observerait si tous avaient été "
        "suivis {days} jours (Aalen-Johansen). Un groupe trop jeune indique quand il pourra être jugé.",
    ),
    "stage_lead": ("Lead", "Lead"),
    "stage_mql": ("MQL", "MQL"),
    "stage_sal": ("SAL", "SAL"),
    "stage_sql": ("SQL", "SQL"),
    "stage_opportunity": ("Opportunity", "Opportunité"),
    "stage_won": ("Won", "Gagné"),
    "funnel_by_all": ("All leads", "Tous les leads"),
    "funnel_by_cohort": ("By cohort of creation", "Par cohorte de création"),
    "funnel_by_channel": ("By channel", "Par canal"),
    "funnel_by_segment": ("By segment", "Par segment"),
    "step": ("Step", "Étape"),
    "n_from": ("Leads", "Leads"),
    "n_to": ("Passed so far", "Passés à ce jour"),
    "share_within": ("Share that passes", "Taux de passage"),
    "median_days": ("Median delay, days", "Délai médian, jours"),
    "too_young": ("from {on}", "à partir du {on}"),
    "refusals": ("Refusals by reason and channel", "Refus par motif et par canal"),
    "no_refusals": ("Sales refused nobody.", "Aucun refus des commerciaux."),
    "reason": ("Reason", "Motif"),
    "no_reason": ("no reason given", "sans motif"),
    "total": ("Total", "Total"),
    "contact": ("First answer of sales", "Première réponse des commerciaux"),
    "contact_hint": (
        "An MQL is due within {hours} working hours of its passage. Late: answered later, or due and not answered.",
        "Un MQL est à traiter sous {hours} heures ouvrées. En retard : traité plus tard, ou échu et non traité.",
    ),
    "channel": ("Channel", "Canal"),
    "all_channels": ("All", "Tous"),
    "n_due": ("Due MQLs", "MQL échus"),
    "in_time": ("In time", "Dans les délais"),
    "median_hours": ("Median delay, working hours", "Délai médian, heures ouvrées"),
    "late_costs": (
        "Of MQLs as likely to convert, {difference} points fewer become opportunities when they are answered late "
        "({low} to {high}): {lost} opportunities on {n} late MQLs ({lost_low} to {lost_high}).",
        "À probabilité égale, {difference} points de MQL en moins deviennent des opportunités quand la réponse est "
        "tardive (entre {low} et {high}) : {lost} opportunités sur {n} MQL en retard (entre {lost_low} et {lost_high}).",
    ),
    "late_costs_not": (
        "Of MQLs as likely to convert, no difference is proven between those answered in time and late: {difference} "
        "points, {low} to {high}, on {n} late MQLs.",
        "À probabilité égale, aucun écart n'est prouvé entre MQL traités à temps et en retard : {difference} points, "
        "entre {low} et {high}, sur {n} MQL en retard.",
    ),
    "late_warning": (
        "This is an association, not an effect: sales may answer first whoever looks best in ways that no score knows. "
        "The propensities compared are today's model's, at the passage; it learnt from these leads among others.",
        "C'est une association, pas un effet : les commerciaux répondent peut-être d'abord à ceux qui leur semblent "
        "meilleurs. Les probabilités comparées sont celles du modèle actuel au moment du passage ; il a appris, entre "
        "autres, de ces leads.",
    ),
    "money": ("What channels cost and bring", "Ce que coûtent et rapportent les canaux"),
    "money_hint": (
        "Per SQL, opportunity and deal: those expected within {days} days of the lead, so that young leads cost nobody a "
        "good figure. Return: margin of the expected deals against the cost.",
        "Par SQL, opportunité et affaire : ceux attendus dans les {days} jours suivant le lead ; les leads jeunes ne "
        "faussent rien. Retour : marge des affaires attendues rapportée au coût.",
    ),
    "no_costs": ("The source has no table of costs.", "La source n'a pas de table des coûts."),
    "cost": ("Cost", "Coût"),
    "cost_per_lead": ("Per lead", "Par lead"),
    "cost_per_sql": ("Per SQL", "Par SQL"),
    "cost_per_opportunity": ("Per opportunity", "Par opportunité"),
    "cost_per_won": ("Per deal", "Par affaire"),
    "revenue": ("Revenue so far", "CA à ce jour"),
    "return": ("Return", "Retour"),
    "looks": ("Criteria that need another look", "Critères à revoir"),
    "no_looks": (
        "No channel stands out beyond chance.",
        "Aucun canal ne se distingue au-delà du hasard.",
    ),
    "look_dead_sqls": (
        "{channel}: only {share} of its {n} SQLs become opportunities; proven to be under 30%.",
        "{channel} : seuls {share} de ses {n} SQL deviennent des opportunités ; moins de 30 %, c'est prouvé.",
    ),
    "look_sql": (
        "{channel}: {share} of its {n} SQLs become opportunities, against {others} elsewhere.",
        "{channel} : {share} de ses {n} SQL deviennent des opportunités, contre {others} ailleurs.",
    ),
    "look_handed": (
        "{channel}: sales accepts {share} of its {n} leads, against {others} elsewhere.",
        "{channel} : les commerciaux acceptent {share} de ses {n} leads, contre {others} ailleurs.",
    ),
    "looks_hint": (
        "All channels and questions are tested together; at most 5% of what is told here is told by chance "
        "(Benjamini-Yekutieli).",
        "Tous les canaux et questions sont testés ensemble ; au plus 5 % de ce qui est dit ici l'est par hasard "
        "(Benjamini-Yekutieli).",
    ),
    "before_now": ("Points grid before, Tamis now", "Grille de points avant, Tamis maintenant"),
    "before_now_hint": (
        "On leads the model had never seen, at the grid's own volume.",
        "Sur des leads jamais vus par le modèle, au volume de la grille.",
    ),
    "yields": (
        "{grid}: {n} leads → {theirs_opportunities} opportunities → {theirs} deals before; with Tamis {n} leads → "
        "{ours_opportunities} opportunities → {ours} deals.",
        "{grid} : {n} leads → {theirs_opportunities} opportunités → {theirs} affaires avant ; avec Tamis {n} leads → "
        "{ours_opportunities} opportunités → {ours} affaires.",
    ),
    "yields_deals": (
        "{grid}: {n} leads → {theirs} deals before; with Tamis {n} leads → {ours} deals.",
        "{grid} : {n} leads → {theirs} affaires avant ; avec Tamis {n} leads → {ours} affaires.",
    ),
    "no_grids": ("There is no model yet to compare.", "Pas encore de modèle à comparer."),
    "plot_steps": ("Share that passes each step, by cohort", "Taux de passage par étape et par cohorte"),
    "plot_channels": ("Leads that become opportunities, by channel", "Leads devenus opportunités, par canal"),
    "plot_contact": ("MQLs answered in time, by channel", "MQL traités à temps, par canal"),
}
