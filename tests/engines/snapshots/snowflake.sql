-- answers
SELECT
  "t15"."lead_id",
  "t15"."cutoff",
  COALESCE(CAST("t15"."intent__criteria_answered_count" AS DOUBLE), 0.0) AS "intent__criteria_answered_count",
  COALESCE(CAST("t15"."intent__criteria_confirmed_count" AS DOUBLE), 0.0) AS "intent__criteria_confirmed_count",
  CASE
    WHEN (
      (
        (
          "t15"."intent__budget_answer" % 4
        ) + 4
      ) % 4
    ) = 2
    THEN 'yes'
    ELSE CASE
      WHEN (
        (
          (
            "t15"."intent__budget_answer" % 4
          ) + 4
        ) % 4
      ) = 1
      THEN 'no'
      ELSE CASE
        WHEN (
          (
            (
              "t15"."intent__budget_answer" % 4
            ) + 4
          ) % 4
        ) = 0
        THEN 'unclear'
        ELSE NULL
      END
    END
  END AS "intent__budget_answer",
  CAST(CASE
    WHEN 86400 <> 0
    THEN CAST(FLOOR(
      (
        "t15"."cutoff" - CASE
          WHEN 4 <> 0
          THEN CAST(FLOOR(
            (
              "t15"."intent__discovery_recency_days" - (
                (
                  (
                    "t15"."intent__discovery_recency_days" % 4
                  ) + 4
                ) % 4
              )
            ) / (
              4
            )
          ) AS BIGINT)
          ELSE NULL
        END
      ) / (
        86400
      )
    ) AS BIGINT)
    ELSE NULL
  END AS DOUBLE) + (
    CAST((
      "t15"."cutoff" - CASE
        WHEN 4 <> 0
        THEN CAST(FLOOR(
          (
            "t15"."intent__discovery_recency_days" - (
              (
                (
                  "t15"."intent__discovery_recency_days" % 4
                ) + 4
              ) % 4
            )
          ) / (
            4
          )
        ) AS BIGINT)
        ELSE NULL
      END
    ) - (
      CASE
        WHEN 86400 <> 0
        THEN CAST(FLOOR(
          (
            "t15"."cutoff" - CASE
              WHEN 4 <> 0
              THEN CAST(FLOOR(
                (
                  "t15"."intent__discovery_recency_days" - (
                    (
                      (
                        "t15"."intent__discovery_recency_days" % 4
                      ) + 4
                    ) % 4
                  )
                ) / (
                  4
                )
              ) AS BIGINT)
              ELSE NULL
            END
          ) / (
            86400
          )
        ) AS BIGINT)
        ELSE NULL
      END * 86400
    ) AS DOUBLE) * 1.1574074074074073e-05
  ) AS "intent__discovery_recency_days"
FROM (
  SELECT
    "t14".*
    EXCLUDE ("cutoff_right", "lead_id_right")
  FROM (
    SELECT
      "t3"."lead_id",
      "t3"."cutoff",
      "t13"."lead_id" AS "lead_id_right",
      "t13"."cutoff" AS "cutoff_right",
      "t13"."intent__criteria_answered_count",
      "t13"."intent__criteria_confirmed_count",
      "t13"."intent__budget_answer",
      "t13"."intent__discovery_recency_days"
    FROM (
      SELECT
        "t0"."lead_id",
        1790000000 AS "cutoff"
      FROM "leads" AS "t0"
    ) AS "t3"
    LEFT OUTER JOIN (
      SELECT
        *
      FROM (
        SELECT
          "t10"."lead_id",
          "t10"."cutoff",
          COUNT("t10"."intent__criteria_answered_count") AS "intent__criteria_answered_count",
          COUNT("t10"."intent__criteria_confirmed_count") AS "intent__criteria_confirmed_count",
          MAX("t10"."intent__budget_answer") AS "intent__budget_answer",
          MAX("t10"."intent__discovery_recency_days") AS "intent__discovery_recency_days"
        FROM (
          SELECT
            "t9"."lead_id",
            "t9"."cutoff",
            CASE
              WHEN NOT (
                "t9"."type" IS NULL
              )
              AND (
                (
                  (
                    (
                      "t9"."packed" % 4
                    ) + 4
                  ) % 4
                ) >= 1
              )
              THEN 1
              ELSE NULL
            END AS "intent__criteria_answered_count",
            CASE
              WHEN NOT (
                "t9"."type" IS NULL
              )
              AND (
                (
                  (
                    (
                      "t9"."packed" % 4
                    ) + 4
                  ) % 4
                ) >= 2
              )
              THEN 1
              ELSE NULL
            END AS "intent__criteria_confirmed_count",
            CASE
              WHEN IFF("t9"."type" IS NULL, NULL, "t9"."type" IN ('budget'))
              THEN "t9"."packed"
              ELSE NULL
            END AS "intent__budget_answer",
            CASE WHEN NOT (
              "t9"."type" IS NULL
            ) THEN "t9"."packed" ELSE NULL END AS "intent__discovery_recency_days"
          FROM (
            SELECT
              "t8"."lead_id",
              "t8"."cutoff",
              "t8"."type",
              MAX("t8"."packed") AS "packed"
            FROM (
              SELECT
                "t7"."lead_id",
                "t7"."cutoff",
                "t7"."type",
                (
                  "t7"."known_at" * 4
                ) + "t7"."code" AS "packed"
              FROM (
                SELECT
                  "t3"."lead_id",
                  "t3"."cutoff",
                  "t6"."known_at",
                  "t6"."type",
                  "t6"."code"
                FROM (
                  SELECT
                    "t0"."lead_id",
                    1790000000 AS "cutoff"
                  FROM "leads" AS "t0"
                ) AS "t3"
                INNER JOIN (
                  SELECT
                    "t4"."lead_id",
                    "t4"."known_at",
                    "t4"."type",
                    CASE
                      WHEN REGEXP_LIKE(
                        "t4"."said",
                        CONCAT(
                          '.*',
                          '^$|^\\?|^(?:n/?a|nc|tbd|tbc|unknown|unclear|inconnue?s?|maybe|perhaps|peut[ -]|pending|not sure|not known|not communicated|not disclosed|not yet known|don.?t know|non communiqu|non d[eé]fini|non pr[eé]cis|non renseign|ne sai|ne se prononce|nsp|to be |[aà] (?:confirmer|d[eé]finir|voir|pr[eé]ciser|d[eé]terminer)|en cours|in progress|ind[eé]cis|incertain|pas s[uû]r|ca d[eé]pend|[cç]a d[eé]pend|it depends|sais pas|je ne sais)(?:$|[^0-9])',
                          '.*'
                        ),
                        'cs'
                      )
                      THEN 0
                      ELSE CASE
                        WHEN REGEXP_LIKE(
                          "t4"."said",
                          CONCAT(
                            '.*',
                            '^(?:no|non|none|n|not|never|nothing|false|faux|aucune?|pas|jamais|rien|sans|without|refus[a-zé]*|insuffisante?|insufficient|0+(?:[.,]0+)?)(?:$|[^a-zé0-9])',
                            '.*'
                          ),
                          'cs'
                        )
                        THEN 1
                        ELSE CASE
                          WHEN REGEXP_LIKE(
                            "t4"."said",
                            CONCAT(
                              '.*',
                              '^(?:yes|y|oui|o|ok|true|vrai|confirm[a-zé]*|valid[a-zé]*|identif[a-zé]*|known|connue?|approved|approuv[a-zé]*|d[eé]fined?|d[eé]fini[a-zé]*|established|available|disponible|allocated|allou[a-zé]*|secured|obtenue?|done|met|clear|claire?)(?:$|[^a-zé])|[1-9]',
                              '.*'
                            ),
                            'cs'
                          )
                          THEN 2
                          ELSE 0
                        END
                      END
                    END AS "code"
                  FROM (
                    SELECT
                      "t1"."lead_id",
                      "t1"."known_at",
                      TRIM(LOWER(COALESCE("t1"."criterion", '')), ' \t\n\r\v\f') AS "type",
                      TRIM(LOWER(COALESCE("t1"."answer", '')), ' \t\n\r\v\f') AS "said"
                    FROM "answers" AS "t1"
                    WHERE
                      "t1"."known_at" < 1790000000
                  ) AS "t4"
                ) AS "t6"
                  ON "t3"."lead_id" = "t6"."lead_id"
              ) AS "t7"
              WHERE
                "t7"."known_at" < "t7"."cutoff"
            ) AS "t8"
            GROUP BY
              1,
              2,
              3
          ) AS "t9"
        ) AS "t10"
        GROUP BY
          1,
          2
      ) AS "t11"
    ) AS "t13"
      ON "t3"."lead_id" = "t13"."lead_id" AND "t3"."cutoff" = "t13"."cutoff"
  ) AS "t14"
) AS "t15";

-- attributes
SELECT
  *
FROM (
  SELECT
    "t72".*
    EXCLUDE ("cutoff_right", "lead_id_right")
  FROM (
    SELECT
      "t8"."lead_id",
      "t8"."cutoff",
      "t71"."lead_id" AS "lead_id_right",
      "t71"."cutoff" AS "cutoff_right",
      "t71"."engagement__lead_age_days",
      "t71"."fit__email_kind",
      "t71"."fit__employees_band",
      "t71"."fit__industry",
      "t71"."fit__job_function",
      "t71"."fit__industry_division",
      "t71"."fit__industry_section",
      "t71"."fit__seniority",
      "t71"."fit__employees",
      "t71"."fit__created_weekday"
    FROM (
      SELECT
        "t0"."lead_id",
        1790000000 AS "cutoff"
      FROM "leads" AS "t0"
    ) AS "t8"
    LEFT OUTER JOIN (
      SELECT
        "t69"."lead_id",
        "t69"."cutoff",
        CASE
          WHEN "t69"."l created_at" < "t69"."cutoff"
          THEN CAST(CASE
            WHEN 86400 <> 0
            THEN CAST(FLOOR((
              "t69"."cutoff" - "t69"."l created_at"
            ) / (
              86400
            )) AS BIGINT)
            ELSE NULL
          END AS DOUBLE) + (
            (
              (
                "t69"."cutoff" - "t69"."l created_at"
              ) - (
                CASE
                  WHEN 86400 <> 0
                  THEN CAST(FLOOR((
                    "t69"."cutoff" - "t69"."l created_at"
                  ) / (
                    86400
                  )) AS BIGINT)
                  ELSE NULL
                END * 86400
              )
            ) * 1.1574074074074073e-05
          )
          ELSE NULL
        END AS "engagement__lead_age_days",
        CASE
          WHEN NOT (
            "t69"."l email|domain" IS NULL
          )
          THEN CASE
            WHEN IFF(
              "t69"."l email|domain" IS NULL,
              NULL,
              "t69"."l email|domain" IN (
                'gmail.com',
                'googlemail.com',
                'outlook.com',
                'outlook.fr',
                'hotmail.com',
                'hotmail.fr',
                'hotmail.co.uk',
                'hotmail.be',
                'live.com',
                'live.fr',
                'live.be',
                'msn.com',
                'yahoo.com',
                'yahoo.fr',
                'yahoo.co.uk',
                'yahoo.de',
                'yahoo.es',
                'yahoo.it',
                'ymail.com',
                'rocketmail.com',
                'aol.com',
                'aol.fr',
                'icloud.com',
                'me.com',
                'mac.com',
                'proton.me',
                'protonmail.com',
                'pm.me',
                'gmx.com',
                'gmx.fr',
                'gmx.de',
                'gmx.net',
                'web.de',
                't-online.de',
                'freenet.de',
                'mail.com',
                'mail.ru',
                'yandex.com',
                'yandex.ru',
                'orange.fr',
                'wanadoo.fr',
                'free.fr',
                'sfr.fr',
                'neuf.fr',
                'cegetel.net',
                'club-internet.fr',
                'laposte.net',
                'bbox.fr',
                'numericable.fr',
                'noos.fr',
                'voila.fr',
                'aliceadsl.fr',
                'tele2.fr',
                'skynet.be',
                'telenet.be',
                'bluewin.ch',
                'libero.it',
                'virgilio.it',
                'tiscali.it',
                'zoho.com',
                'fastmail.com',
                'hey.com',
                'tutanota.com',
                'qq.com',
                '163.com',
                '126.com',
                'naver.com',
                'comcast.net',
                'verizon.net',
                'att.net',
                'btinternet.com',
                'sky.com'
              )
            )
            THEN 'free'
            ELSE CASE
              WHEN REGEXP_LIKE(
                "t69"."l email|domain",
                CONCAT(
                  '.*',
                  '\\.edu$|\\.edu\\.[a-z]{2}$|\\.ac\\.[a-z]{2}$|(?:^|\\.)univ-|(?:^|\\.)ac-[a-z-]+\\.fr$|^(?:etu|student|alumni)\\.|(?:^|\\.)universit|(?:^|\\.)(?:polytechnique|hec|essec|escp|edhec|sciencespo|cnrs|inria)\\.(?:fr|edu|eu)$',
                  '.*'
                ),
                'cs'
              )
              THEN 'education'
              ELSE CASE
                WHEN REGEXP_LIKE(
                  "t69"."l email|domain",
                  CONCAT(
                    '.*',
                    '\\.gouv\\.fr$|\\.gov$|\\.gov\\.[a-z]{2}$|\\.mil$|\\.europa\\.eu$|^(?:mairie|ville|cc|metropole|agglo|departement|region)-|^(?:ap-hm|aphp|chu-[a-z-]+|ch-[a-z-]+|assurance-maladie|pole-emploi|francetravail|insee|senat|assemblee-nationale)\\.fr$|\\.(?:aphp|admin)\\.(?:fr|ch)$',
                    '.*'
                  ),
                  'cs'
                )
                THEN 'public'
                ELSE 'company'
              END
            END
          END
          ELSE 'missing'
        END AS "fit__email_kind",
        CASE
          WHEN "t69"."a employees" >= 0
          THEN CASE
            WHEN "t69"."a employees" < 1
            THEN '0'
            ELSE CASE
              WHEN "t69"."a employees" < 10
              THEN '1_9'
              ELSE CASE
                WHEN "t69"."a employees" < 50
                THEN '10_49'
                ELSE CASE
                  WHEN "t69"."a employees" < 250
                  THEN '50_249'
                  ELSE CASE
                    WHEN "t69"."a employees" < 1000
                    THEN '250_999'
                    ELSE CASE WHEN "t69"."a employees" < 5000 THEN '1000_4999' ELSE '5000_more' END
                  END
                END
              END
            END
          END
          ELSE NULL
        END AS "fit__employees_band",
        "t69"."a industry|industry_text" AS "fit__industry",
        "t69"."l job_title|job_function" AS "fit__job_function",
        "t69"."a industry|naf_division" AS "fit__industry_division",
        "t69"."a industry|naf_section" AS "fit__industry_section",
        COALESCE("t69"."l seniority|seniority", "t69"."l job_title|seniority") AS "fit__seniority",
        "t69"."a employees" AS "fit__employees",
        CASE
          WHEN (
            (
              (
                (
                  (
                    CASE
                      WHEN 86400 <> 0
                      THEN CAST(FLOOR((
                        "t69"."l created_at"
                      ) / (
                        86400
                      )) AS BIGINT)
                      ELSE NULL
                    END + 3
                  ) % 7
                ) + 7
              ) % 7
            ) = 6
          )
          AND (
            "t69"."l created_at" < "t69"."cutoff"
          )
          THEN 'sunday'
          ELSE CASE
            WHEN (
              (
                (
                  (
                    (
                      CASE
                        WHEN 86400 <> 0
                        THEN CAST(FLOOR((
                          "t69"."l created_at"
                        ) / (
                          86400
                        )) AS BIGINT)
                        ELSE NULL
                      END + 3
                    ) % 7
                  ) + 7
                ) % 7
              ) = 5
            )
            AND (
              "t69"."l created_at" < "t69"."cutoff"
            )
            THEN 'saturday'
            ELSE CASE
              WHEN (
                (
                  (
                    (
                      (
                        CASE
                          WHEN 86400 <> 0
                          THEN CAST(FLOOR((
                            "t69"."l created_at"
                          ) / (
                            86400
                          )) AS BIGINT)
                          ELSE NULL
                        END + 3
                      ) % 7
                    ) + 7
                  ) % 7
                ) = 4
              )
              AND (
                "t69"."l created_at" < "t69"."cutoff"
              )
              THEN 'friday'
              ELSE CASE
                WHEN (
                  (
                    (
                      (
                        (
                          CASE
                            WHEN 86400 <> 0
                            THEN CAST(FLOOR((
                              "t69"."l created_at"
                            ) / (
                              86400
                            )) AS BIGINT)
                            ELSE NULL
                          END + 3
                        ) % 7
                      ) + 7
                    ) % 7
                  ) = 3
                )
                AND (
                  "t69"."l created_at" < "t69"."cutoff"
                )
                THEN 'thursday'
                ELSE CASE
                  WHEN (
                    (
                      (
                        (
                          (
                            CASE
                              WHEN 86400 <> 0
                              THEN CAST(FLOOR((
                                "t69"."l created_at"
                              ) / (
                                86400
                              )) AS BIGINT)
                              ELSE NULL
                            END + 3
                          ) % 7
                        ) + 7
                      ) % 7
                    ) = 2
                  )
                  AND (
                    "t69"."l created_at" < "t69"."cutoff"
                  )
                  THEN 'wednesday'
                  ELSE CASE
                    WHEN (
                      (
                        (
                          (
                            (
                              CASE
                                WHEN 86400 <> 0
                                THEN CAST(FLOOR((
                                  "t69"."l created_at"
                                ) / (
                                  86400
                                )) AS BIGINT)
                                ELSE NULL
                              END + 3
                            ) % 7
                          ) + 7
                        ) % 7
                      ) = 1
                    )
                    AND (
                      "t69"."l created_at" < "t69"."cutoff"
                    )
                    THEN 'tuesday'
                    ELSE CASE
                      WHEN (
                        (
                          (
                            (
                              (
                                CASE
                                  WHEN 86400 <> 0
                                  THEN CAST(FLOOR((
                                    "t69"."l created_at"
                                  ) / (
                                    86400
                                  )) AS BIGINT)
                                  ELSE NULL
                                END + 3
                              ) % 7
                            ) + 7
                          ) % 7
                        ) = 0
                      )
                      AND (
                        "t69"."l created_at" < "t69"."cutoff"
                      )
                      THEN 'monday'
                      ELSE CAST(NULL AS VARCHAR)
                    END
                  END
                END
              END
            END
          END
        END AS "fit__created_weekday"
      FROM (
        SELECT
          "t68"."lead_id",
          "t68"."cutoff",
          "t68"."account key",
          "t68"."l created_at",
          "t68"."l email",
          "t68"."l job_title",
          "t68"."l seniority",
          "t68"."a employees",
          "t68"."a industry",
          "t68"."created_at|any",
          "t68"."email|any",
          "t68"."job_title|any",
          "t68"."seniority|any",
          "t68"."created_at|new",
          "t68"."email|new",
          "t68"."job_title|new",
          "t68"."seniority|new",
          "t68"."l job_title|seniority",
          "t68"."l job_title|job_function",
          "t68"."l seniority|seniority",
          "t68"."l seniority|job_function",
          "t68"."a industry|naf_section",
          "t68"."a industry|naf_division",
          "t68"."a industry|industry_text",
          CASE
            WHEN REGEXP_LIKE(
              TRIM(LOWER(COALESCE("t68"."l email", '')), ' \t\n\r\v\f'),
              CONCAT('.*', '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', '.*'),
              'cs'
            )
            THEN REGEXP_REPLACE(TRIM(LOWER(COALESCE("t68"."l email", '')), ' \t\n\r\v\f'), '^.*@', '')
            ELSE NULL
          END AS "l email|domain"
        FROM (
          SELECT
            "t67".*
            EXCLUDE ("a industry_right")
          FROM (
            SELECT
              "t66"."lead_id",
              "t66"."cutoff",
              "t66"."account key",
              "t66"."l created_at",
              "t66"."l email",
              "t66"."l job_title",
              "t66"."l seniority",
              "t66"."a employees",
              "t66"."a industry",
              "t66"."created_at|any",
              "t66"."email|any",
              "t66"."job_title|any",
              "t66"."seniority|any",
              "t66"."created_at|new",
              "t66"."email|new",
              "t66"."job_title|new",
              "t66"."seniority|new",
              "t66"."l job_title|seniority",
              "t66"."l job_title|job_function",
              "t66"."l seniority|seniority",
              "t66"."l seniority|job_function",
              "t59"."a industry" AS "a industry_right",
              "t59"."a industry|naf_section",
              "t59"."a industry|naf_division",
              "t59"."a industry|industry_text"
            FROM (
              SELECT
                "t64".*
                EXCLUDE ("l seniority_right")
              FROM (
                SELECT
                  "t63"."lead_id",
                  "t63"."cutoff",
                  "t63"."account key",
                  "t63"."l created_at",
                  "t63"."l email",
                  "t63"."l job_title",
                  "t63"."l seniority",
                  "t63"."a employees",
                  "t63"."a industry",
                  "t63"."created_at|any",
                  "t63"."email|any",
                  "t63"."job_title|any",
                  "t63"."seniority|any",
                  "t63"."created_at|new",
                  "t63"."email|new",
                  "t63"."job_title|new",
                  "t63"."seniority|new",
                  "t63"."l job_title|seniority",
                  "t63"."l job_title|job_function",
                  "t56"."l seniority" AS "l seniority_right",
                  "t56"."l seniority|seniority",
                  "t56"."l seniority|job_function"
                FROM (
                  SELECT
                    "t61".*
                    EXCLUDE ("l job_title_right")
                  FROM (
                    SELECT
                      "t60"."lead_id",
                      "t60"."cutoff",
                      "t60"."account key",
                      "t60"."l created_at",
                      "t60"."l email",
                      "t60"."l job_title",
                      "t60"."l seniority",
                      "t60"."a employees",
                      "t60"."a industry",
                      "t60"."created_at|any",
                      "t60"."email|any",
                      "t60"."job_title|any",
                      "t60"."seniority|any",
                      "t60"."created_at|new",
                      "t60"."email|new",
                      "t60"."job_title|new",
                      "t60"."seniority|new",
                      "t57"."l job_title" AS "l job_title_right",
                      "t57"."l job_title|seniority",
                      "t57"."l job_title|job_function"
                    FROM (
                      SELECT
                        "t52"."lead_id",
                        "t52"."cutoff",
                        "t52"."account key",
                        CASE
                          WHEN COALESCE("t52"."created_at|any", 0) = 0
                          THEN "t52"."l created_at"
                          ELSE "t52"."created_at|new"
                        END AS "l created_at",
                        CASE
                          WHEN COALESCE("t52"."email|any", 0) = 0
                          THEN "t52"."l email"
                          ELSE "t52"."email|new"
                        END AS "l email",
                        CASE
                          WHEN COALESCE("t52"."job_title|any", 0) = 0
                          THEN "t52"."l job_title"
                          ELSE "t52"."job_title|new"
                        END AS "l job_title",
                        CASE
                          WHEN COALESCE("t52"."seniority|any", 0) = 0
                          THEN "t52"."l seniority"
                          ELSE "t52"."seniority|new"
                        END AS "l seniority",
                        "t52"."a employees",
                        "t52"."a industry",
                        "t52"."created_at|any",
                        "t52"."email|any",
                        "t52"."job_title|any",
                        "t52"."seniority|any",
                        "t52"."created_at|new",
                        "t52"."email|new",
                        "t52"."job_title|new",
                        "t52"."seniority|new"
                      FROM (
                        SELECT
                          "t51".*
                          EXCLUDE ("cutoff_right", "lead_id_right")
                        FROM (
                          SELECT
                            "t43"."lead_id",
                            "t43"."cutoff",
                            "t43"."account key",
                            "t43"."l created_at",
                            "t43"."l email",
                            "t43"."l job_title",
                            "t43"."l seniority",
                            "t43"."a employees",
                            "t43"."a industry",
                            "t43"."created_at|any",
                            "t43"."email|any",
                            "t43"."job_title|any",
                            "t43"."seniority|any",
                            "t50"."lead_id" AS "lead_id_right",
                            "t50"."cutoff" AS "cutoff_right",
                            "t50"."created_at|new",
                            "t50"."email|new",
                            "t50"."job_title|new",
                            "t50"."seniority|new"
                          FROM (
                            SELECT
                              "t41".*
                              EXCLUDE ("lead_id_right")
                            FROM (
                              SELECT
                                "t36"."lead_id",
                                "t36"."cutoff",
                                "t36"."account key",
                                "t36"."l created_at",
                                "t36"."l email",
                                "t36"."l job_title",
                                "t36"."l seniority",
                                "t36"."a employees",
                                "t36"."a industry",
                                "t32"."lead_id" AS "lead_id_right",
                                "t32"."created_at|any",
                                "t32"."email|any",
                                "t32"."job_title|any",
                                "t32"."seniority|any"
                              FROM (
                                SELECT
                                  "t34".*
                                  EXCLUDE ("account key_right")
                                FROM (
                                  SELECT
                                    "t27"."lead_id",
                                    "t27"."cutoff",
                                    "t27"."account key",
                                    "t27"."l created_at",
                                    "t27"."l email",
                                    "t27"."l job_title",
                                    "t27"."l seniority",
                                    "t10"."account key" AS "account key_right",
                                    "t10"."a employees",
                                    "t10"."a industry"
                                  FROM (
                                    SELECT
                                      "t22".*
                                      EXCLUDE ("lead_id_right")
                                    FROM (
                                      SELECT
                                        "t8"."lead_id",
                                        "t8"."cutoff",
                                        "t9"."lead_id" AS "lead_id_right",
                                        "t9"."account key",
                                        "t9"."l created_at",
                                        "t9"."l email",
                                        "t9"."l job_title",
                                        "t9"."l seniority"
                                      FROM (
                                        SELECT
                                          "t0"."lead_id",
                                          1790000000 AS "cutoff"
                                        FROM "leads" AS "t0"
                                      ) AS "t8"
                                      LEFT OUTER JOIN (
                                        SELECT
                                          "t0"."lead_id",
                                          "t0"."account_id" AS "account key",
                                          "t0"."created_at" AS "l created_at",
                                          "t0"."email" AS "l email",
                                          "t0"."job_title" AS "l job_title",
                                          "t0"."seniority" AS "l seniority"
                                        FROM "leads" AS "t0"
                                      ) AS "t9"
                                        ON "t8"."lead_id" = "t9"."lead_id"
                                    ) AS "t22"
                                  ) AS "t27"
                                  LEFT OUTER JOIN (
                                    SELECT
                                      "t1"."account_id" AS "account key",
                                      "t1"."employees" AS "a employees",
                                      "t1"."industry" AS "a industry"
                                    FROM "accounts" AS "t1"
                                  ) AS "t10"
                                    ON "t27"."account key" = "t10"."account key"
                                ) AS "t34"
                              ) AS "t36"
                              LEFT OUTER JOIN (
                                SELECT
                                  *
                                FROM (
                                  SELECT
                                    "t16"."lead_id",
                                    COUNT("t16"."created_at|any") AS "created_at|any",
                                    COUNT("t16"."email|any") AS "email|any",
                                    COUNT("t16"."job_title|any") AS "job_title|any",
                                    COUNT("t16"."seniority|any") AS "seniority|any"
                                  FROM (
                                    SELECT
                                      "t2"."lead_id",
                                      "t2"."known_at",
                                      "t2"."field",
                                      "t2"."value",
                                      "t2"."number",
                                      CASE WHEN "t2"."field" = 'created_at' THEN 1 ELSE NULL END AS "created_at|any",
                                      CASE WHEN "t2"."field" = 'email' THEN 1 ELSE NULL END AS "email|any",
                                      CASE WHEN "t2"."field" = 'job_title' THEN 1 ELSE NULL END AS "job_title|any",
                                      CASE WHEN "t2"."field" = 'seniority' THEN 1 ELSE NULL END AS "seniority|any"
                                    FROM "changes" AS "t2"
                                    WHERE
                                      IFF(
                                        "t2"."field" IS NULL,
                                        NULL,
                                        "t2"."field" IN ('created_at', 'email', 'job_title', 'seniority')
                                      )
                                  ) AS "t16"
                                  GROUP BY
                                    1
                                ) AS "t23"
                              ) AS "t32"
                                ON "t36"."lead_id" = "t32"."lead_id"
                            ) AS "t41"
                          ) AS "t43"
                          LEFT OUTER JOIN (
                            SELECT
                              *
                            FROM (
                              SELECT
                                "t47"."lead_id",
                                "t47"."cutoff",
                                MAX("t47"."created_at|new") AS "created_at|new",
                                MAX("t47"."email|new") AS "email|new",
                                MAX("t47"."job_title|new") AS "job_title|new",
                                MAX("t47"."seniority|new") AS "seniority|new"
                              FROM (
                                SELECT
                                  "t44"."lead_id",
                                  "t44"."cutoff",
                                  "t44"."field",
                                  "t44"."known_at",
                                  "t44"."value",
                                  "t44"."number",
                                  CASE WHEN "t44"."field" = 'created_at' THEN "t44"."number" ELSE NULL END AS "created_at|new",
                                  CASE WHEN "t44"."field" = 'email' THEN "t44"."value" ELSE NULL END AS "email|new",
                                  CASE WHEN "t44"."field" = 'job_title' THEN "t44"."value" ELSE NULL END AS "job_title|new",
                                  CASE WHEN "t44"."field" = 'seniority' THEN "t44"."value" ELSE NULL END AS "seniority|new"
                                FROM (
                                  SELECT
                                    "t40"."lead_id",
                                    "t40"."cutoff",
                                    "t40"."field",
                                    "t40"."known_at",
                                    "t19"."value",
                                    "t19"."number"
                                  FROM (
                                    SELECT
                                      *
                                    FROM (
                                      SELECT
                                        "t33"."lead_id",
                                        "t33"."cutoff",
                                        "t33"."field",
                                        MAX("t33"."known_at") AS "known_at"
                                      FROM (
                                        SELECT
                                          *
                                        FROM (
                                          SELECT
                                            "t8"."lead_id",
                                            "t8"."cutoff",
                                            "t20"."known_at",
                                            "t20"."field",
                                            "t20"."value",
                                            "t20"."number"
                                          FROM (
                                            SELECT
                                              "t0"."lead_id",
                                              1790000000 AS "cutoff"
                                            FROM "leads" AS "t0"
                                          ) AS "t8"
                                          INNER JOIN (
                                            SELECT
                                              *
                                            FROM "changes" AS "t2"
                                            WHERE
                                              IFF(
                                                "t2"."field" IS NULL,
                                                NULL,
                                                "t2"."field" IN ('created_at', 'email', 'job_title', 'seniority')
                                              )
                                              AND "t2"."known_at" < 1790000000
                                          ) AS "t20"
                                            ON "t8"."lead_id" = "t20"."lead_id"
                                        ) AS "t29"
                                        WHERE
                                          "t29"."known_at" < "t29"."cutoff"
                                      ) AS "t33"
                                      GROUP BY
                                        1,
                                        2,
                                        3
                                    ) AS "t37"
                                  ) AS "t40"
                                  INNER JOIN (
                                    SELECT
                                      *
                                    FROM "changes" AS "t2"
                                    WHERE
                                      IFF(
                                        "t2"."field" IS NULL,
                                        NULL,
                                        "t2"."field" IN ('created_at', 'email', 'job_title', 'seniority')
                                      )
                                  ) AS "t19"
                                    ON "t40"."lead_id" = "t19"."lead_id"
                                    AND "t40"."field" = "t19"."field"
                                    AND "t40"."known_at" = "t19"."known_at"
                                ) AS "t44"
                              ) AS "t47"
                              GROUP BY
                                1,
                                2
                            ) AS "t48"
                          ) AS "t50"
                            ON "t43"."lead_id" = "t50"."lead_id" AND "t43"."cutoff" = "t50"."cutoff"
                        ) AS "t51"
                      ) AS "t52"
                    ) AS "t60"
                    LEFT OUTER JOIN (
                      SELECT
                        "t46"."text" AS "l job_title",
                        CASE
                          WHEN REGEXP_LIKE(
                            "t46"."folded",
                            CONCAT(
                              '.*',
                              ' (?:stagiair[a-z]*|intern|internship|alternant[a-z]*|alternance|apprenti[a-z]*|trainee|etudiant[a-z]*|student|junior|jr|graduate) ',
                              '.*'
                            ),
                            'cs'
                          )
                          THEN 'junior'
                          ELSE CASE
                            WHEN REGEXP_LIKE(
                              "t46"."folded",
                              CONCAT(
                                '.*',
                                ' (?:assistant[a-z]*|assistante de direction|secretaire[a-z]*|executive assistant|personal assistant) ',
                                '.*'
                              ),
                              'cs'
                            )
                            THEN 'staff'
                            ELSE CASE
                              WHEN REGEXP_LIKE(
                                "t46"."folded",
                                CONCAT(
                                  '.*',
                                  ' (?:vp|svp|evp|avp|vice president[a-z]*|vice presidente|directeur general adjoint|directrice generale adjointe|dga) ',
                                  '.*'
                                ),
                                'cs'
                              )
                              THEN 'vp'
                              ELSE CASE
                                WHEN REGEXP_LIKE(
                                  "t46"."folded",
                                  CONCAT(
                                    '.*',
                                    ' (?:ceo|cto|cfo|coo|cio|cmo|cso|cro|chro|cdo|ciso|cpo|chief|c level|c suite|cxo|pdg|dg|president[a-z]*|presidente|founder|co founder|cofounder|owner|fondat[a-z]*|cofondat[a-z]*|co fondat[a-z]*|gerant[a-z]*|associe[a-z]*|partner|dirigeant[a-z]*|managing director|directeur general|directrice generale|general manager|chef d entreprise|proprietaire|entrepreneur[a-z]*) ',
                                    '.*'
                                  ),
                                  'cs'
                                )
                                THEN 'c_level'
                                ELSE CASE
                                  WHEN REGEXP_LIKE(
                                    "t46"."folded",
                                    CONCAT(
                                      '.*',
                                      ' (?:director|directeur[a-z]*|directrice[a-z]*|dir|head|head of|dsi|daf|drh|dircom|dirco|rssi|dpo|dirigeante|direction) ',
                                      '.*'
                                    ),
                                    'cs'
                                  )
                                  THEN 'director'
                                  ELSE CASE
                                    WHEN REGEXP_LIKE(
                                      "t46"."folded",
                                      CONCAT(
                                        '.*',
                                        ' (?:manager|mgr|managing|responsable[a-z]*|resp|chef|cheffe|chef de|superviseu[a-z]*|supervisor|supervisory|team lead|team leader|rrh|raf|cadre|encadrant[a-z]*|principal) ',
                                        '.*'
                                      ),
                                      'cs'
                                    )
                                    THEN 'manager'
                                    ELSE CASE
                                      WHEN REGEXP_LIKE(
                                        "t46"."folded",
                                        CONCAT(
                                          '.*',
                                          ' (?:senior|sr|lead|expert[a-z]*|architect[a-z]*|confirme[a-z]*|staff engineer|specialist[a-z]*|specialiste) ',
                                          '.*'
                                        ),
                                        'cs'
                                      )
                                      THEN 'senior'
                                      ELSE CASE
                                        WHEN REGEXP_LIKE(
                                          "t46"."folded",
                                          CONCAT(
                                            '.*',
                                            ' (?:engineer|ingenieur[a-z]*|developer|developpeu[a-z]*|analyst[a-z]*|analyste|consultant[a-z]*|technicien[a-z]*|technician|comptable[a-z]*|accountant|commercial[a-z]*|vendeu[a-z]*|representative|rep|account executive|charge de[a-z]*|chargee de[a-z]*|chargee d|charge d|acheteu[a-z]*|buyer|juriste[a-z]*|lawyer|officer|coordinat[a-z]*|administrat[a-z]*|administrator|gestionnaire[a-z]*|employe[a-z]*|employee|designer|recruteu[a-z]*|recruiter|conseiller[a-z]*|advisor|agent|operat[a-z]*|redact[a-z]*|professeu[a-z]*|teacher|enseignant[a-z]*|entry|individual contributor) ',
                                            '.*'
                                          ),
                                          'cs'
                                        )
                                        THEN 'staff'
                                        ELSE CAST(NULL AS VARCHAR)
                                      END
                                    END
                                  END
                                END
                              END
                            END
                          END
                        END AS "l job_title|seniority",
                        CASE
                          WHEN REGEXP_LIKE(
                            "t46"."folded",
                            CONCAT(
                              '.*',
                              ' (?:rh|drh|rrh|hr|chro|human resources|ressources humaines|recruteu[a-z]*|recruiter|recrutement|recruitment|talent|people|paie|payroll|formation|qvt) ',
                              '.*'
                            ),
                            'cs'
                          )
                          THEN 'hr'
                          ELSE CASE
                            WHEN REGEXP_LIKE(
                              "t46"."folded",
                              CONCAT(
                                '.*',
                                ' (?:it|dsi|cio|cto|ciso|rssi|si|informatique[a-z]*|information technology|information officer|information systems|systeme d information|systemes d information|systemes|systems|sysadmin|reseau[a-z]*|network|infrastructure[a-z]*|devops|developer|developpeu[a-z]*|software|logiciel[a-z]*|cybersecurite|cybersecurity|security engineer|data[a-z]*|cdo|numerique|technology|technologies|tech|cloud|digital transformation|web developer|programmer|fullstack|backend|frontend|erp) ',
                                '.*'
                              ),
                              'cs'
                            )
                            THEN 'it'
                            ELSE CASE
                              WHEN REGEXP_LIKE(
                                "t46"."folded",
                                CONCAT(
                                  '.*',
                                  ' (?:marketing|cmo|communication[a-z]*|dircom|brand|marque|growth|content|contenu[a-z]*|seo|sea|media|community manager|product marketing|digital|acquisition|event[a-z]*|evenementiel|crm|public relations|relations presse|traffic manager) ',
                                  '.*'
                                ),
                                'cs'
                              )
                              THEN 'marketing'
                              ELSE CASE
                                WHEN REGEXP_LIKE(
                                  "t46"."folded",
                                  CONCAT(
                                    '.*',
                                    ' (?:finance[a-z]*|financ[a-z]*|daf|raf|cfo|comptab[a-z]*|accounting|accountant|accounts payable|controleu[a-z]* de gestion|controle de gestion|controller|treasur[a-z]*|tresor[a-z]*|audit[a-z]*|fiscal[a-z]*|tax|credit manager|administratif et financier|administrative et financiere|investment[a-z]*) ',
                                    '.*'
                                  ),
                                  'cs'
                                )
                                THEN 'finance'
                                ELSE CASE
                                  WHEN REGEXP_LIKE(
                                    "t46"."folded",
                                    CONCAT(
                                      '.*',
                                      ' (?:legal|juridique[a-z]*|juriste[a-z]*|lawyer|avocat[a-z]*|counsel|compliance|conformite|dpo|notaire[a-z]*|contentieux|attorney) ',
                                      '.*'
                                    ),
                                    'cs'
                                  )
                                  THEN 'legal'
                                  ELSE CASE
                                    WHEN REGEXP_LIKE(
                                      "t46"."folded",
                                      CONCAT(
                                        '.*',
                                        ' (?:achat[a-z]*|acheteu[a-z]*|purchas[a-z]*|procurement|buyer|sourcing|approvisionn[a-z]*|category manager|cpo) ',
                                        '.*'
                                      ),
                                      'cs'
                                    )
                                    THEN 'purchasing'
                                    ELSE CASE
                                      WHEN REGEXP_LIKE(
                                        "t46"."folded",
                                        CONCAT(
                                          '.*',
                                          ' (?:customer[a-z]*|client[a-z]*|relation client|service client|customer success|support|sav|after sales|apres vente|csm|helpdesk) ',
                                          '.*'
                                        ),
                                        'cs'
                                      )
                                      THEN 'customer'
                                      ELSE CASE
                                        WHEN REGEXP_LIKE(
                                          "t46"."folded",
                                          CONCAT(
                                            '.*',
                                            ' (?:sales|commercial[a-z]*|vente[a-z]*|vendeu[a-z]*|dirco|cro|business developer|business development|developpement commercial|account executive|account manager|key account|grands comptes|ingenieu[a-z]* d affaires|charge[a-z]* d affaires|bdr|sdr|avant vente[a-z]*|presales|pre sales|technico commercial[a-z]*|revenue|directeur des ventes|directrice des ventes|chef des ventes|export|secteur) ',
                                            '.*'
                                          ),
                                          'cs'
                                        )
                                        THEN 'sales'
                                        ELSE CASE
                                          WHEN REGEXP_LIKE(
                                            "t46"."folded",
                                            CONCAT(
                                              '.*',
                                              ' (?:product|produit[a-z]*|product owner|product manager|chef de produit|cheffe de produit|ux|ui|designer|design) ',
                                              '.*'
                                            ),
                                            'cs'
                                          )
                                          THEN 'product'
                                          ELSE CASE
                                            WHEN REGEXP_LIKE(
                                              "t46"."folded",
                                              CONCAT(
                                                '.*',
                                                ' (?:r d|r et d|research[a-z]*|recherche[a-z]*|innovation[a-z]*|scientist[a-z]*|scientifique[a-z]*|chercheu[a-z]*|laboratoire|lab|bureau d etudes|ingenierie|engineering|engineer|ingenieur[a-z]*|etudes|conception) ',
                                                '.*'
                                              ),
                                              'cs'
                                            )
                                            THEN 'research'
                                            ELSE CASE
                                              WHEN REGEXP_LIKE(
                                                "t46"."folded",
                                                CONCAT(
                                                  '.*',
                                                  ' (?:operations|operation|coo|ops|production|supply[a-z]*|supply chain|logisti[a-z]*|usine|plant|factory|industriel[a-z]*|industrial|maintenance|qualite|quality|qhse|hse|qse|exploitation|transport[a-z]*|methodes|manufacturing|manufactur[a-z]*|travaux|chantier[a-z]*|site|moyens generaux|facilities|facility|warehouse|entrepot[a-z]*|technique|techniques|technical|technicien[a-z]*) ',
                                                  '.*'
                                                ),
                                                'cs'
                                              )
                                              THEN 'operations'
                                              ELSE CASE
                                                WHEN REGEXP_LIKE(
                                                  "t46"."folded",
                                                  CONCAT(
                                                    '.*',
                                                    ' (?:assistant[a-z]*|assistante|secretaire[a-z]*|office manager|administrati[a-z]*|secretariat|accueil|receptionist|executive assistant) ',
                                                    '.*'
                                                  ),
                                                  'cs'
                                                )
                                                THEN 'administration'
                                                ELSE CASE
                                                  WHEN REGEXP_LIKE(
                                                    "t46"."folded",
                                                    CONCAT(
                                                      '.*',
                                                      ' (?:ceo|pdg|dg|dga|president[a-z]*|presidente|vice president[a-z]*|founder|co founder|cofounder|owner|fondat[a-z]*|cofondat[a-z]*|co fondat[a-z]*|gerant[a-z]*|dirigeant[a-z]*|associe[a-z]*|partner|managing director|directeur general|directrice generale|general manager|chef d entreprise|entrepreneur[a-z]*|proprietaire|direction generale|strateg[a-z]*|secretaire general[a-z]*) ',
                                                      '.*'
                                                    ),
                                                    'cs'
                                                  )
                                                  THEN 'general_management'
                                                  ELSE CAST(NULL AS VARCHAR)
                                                END
                                              END
                                            END
                                          END
                                        END
                                      END
                                    END
                                  END
                                END
                              END
                            END
                          END
                        END AS "l job_title|job_function"
                      FROM (
                        SELECT
                          "t31"."text",
                          CONCAT(
                            CONCAT(
                              ' ',
                              '',
                              REGEXP_REPLACE(
                                REGEXP_REPLACE(
                                  REGEXP_REPLACE(
                                    REGEXP_REPLACE(
                                      REGEXP_REPLACE(
                                        REGEXP_REPLACE(
                                          REGEXP_REPLACE(
                                            REGEXP_REPLACE(REGEXP_REPLACE(LOWER(COALESCE("t31"."text", '')), '[àâä]', 'a'), '[éèêë]', 'e'),
                                            '[îï]',
                                            'i'
                                          ),
                                          '[ôö]',
                                          'o'
                                        ),
                                        '[ùûü]',
                                        'u'
                                      ),
                                      'ç',
                                      'c'
                                    ),
                                    'œ',
                                    'oe'
                                  ),
                                  '\\(e\\)|·e|\\.e\\b',
                                  ''
                                ),
                                '[^a-z0-9]+',
                                ' '
                              )
                            ),
                            '',
                            ' '
                          ) AS "folded"
                        FROM (
                          SELECT
                            "t26"."text",
                            COUNT(*) AS "@n"
                          FROM (
                            SELECT
                              *
                            FROM (
                              SELECT
                                *
                              FROM (
                                SELECT
                                  "t0"."job_title" AS "text"
                                FROM "leads" AS "t0"
                              ) AS "t5"
                              UNION ALL
                              SELECT
                                *
                              FROM (
                                SELECT
                                  "t2"."value" AS "text"
                                FROM "changes" AS "t2"
                                WHERE
                                  "t2"."field" = 'job_title'
                              ) AS "t12"
                            ) AS "t15"
                            WHERE
                              NOT (
                                "t15"."text" IS NULL
                              )
                          ) AS "t26"
                          GROUP BY
                            1
                        ) AS "t31"
                      ) AS "t46"
                    ) AS "t57"
                      ON "t60"."l job_title" = "t57"."l job_title"
                  ) AS "t61"
                ) AS "t63"
                LEFT OUTER JOIN (
                  SELECT
                    "t45"."text" AS "l seniority",
                    CASE
                      WHEN REGEXP_LIKE(
                        "t45"."folded",
                        CONCAT(
                          '.*',
                          ' (?:stagiair[a-z]*|intern|internship|alternant[a-z]*|alternance|apprenti[a-z]*|trainee|etudiant[a-z]*|student|junior|jr|graduate) ',
                          '.*'
                        ),
                        'cs'
                      )
                      THEN 'junior'
                      ELSE CASE
                        WHEN REGEXP_LIKE(
                          "t45"."folded",
                          CONCAT(
                            '.*',
                            ' (?:assistant[a-z]*|assistante de direction|secretaire[a-z]*|executive assistant|personal assistant) ',
                            '.*'
                          ),
                          'cs'
                        )
                        THEN 'staff'
                        ELSE CASE
                          WHEN REGEXP_LIKE(
                            "t45"."folded",
                            CONCAT(
                              '.*',
                              ' (?:vp|svp|evp|avp|vice president[a-z]*|vice presidente|directeur general adjoint|directrice generale adjointe|dga) ',
                              '.*'
                            ),
                            'cs'
                          )
                          THEN 'vp'
                          ELSE CASE
                            WHEN REGEXP_LIKE(
                              "t45"."folded",
                              CONCAT(
                                '.*',
                                ' (?:ceo|cto|cfo|coo|cio|cmo|cso|cro|chro|cdo|ciso|cpo|chief|c level|c suite|cxo|pdg|dg|president[a-z]*|presidente|founder|co founder|cofounder|owner|fondat[a-z]*|cofondat[a-z]*|co fondat[a-z]*|gerant[a-z]*|associe[a-z]*|partner|dirigeant[a-z]*|managing director|directeur general|directrice generale|general manager|chef d entreprise|proprietaire|entrepreneur[a-z]*) ',
                                '.*'
                              ),
                              'cs'
                            )
                            THEN 'c_level'
                            ELSE CASE
                              WHEN REGEXP_LIKE(
                                "t45"."folded",
                                CONCAT(
                                  '.*',
                                  ' (?:director|directeur[a-z]*|directrice[a-z]*|dir|head|head of|dsi|daf|drh|dircom|dirco|rssi|dpo|dirigeante|direction) ',
                                  '.*'
                                ),
                                'cs'
                              )
                              THEN 'director'
                              ELSE CASE
                                WHEN REGEXP_LIKE(
                                  "t45"."folded",
                                  CONCAT(
                                    '.*',
                                    ' (?:manager|mgr|managing|responsable[a-z]*|resp|chef|cheffe|chef de|superviseu[a-z]*|supervisor|supervisory|team lead|team leader|rrh|raf|cadre|encadrant[a-z]*|principal) ',
                                    '.*'
                                  ),
                                  'cs'
                                )
                                THEN 'manager'
                                ELSE CASE
                                  WHEN REGEXP_LIKE(
                                    "t45"."folded",
                                    CONCAT(
                                      '.*',
                                      ' (?:senior|sr|lead|expert[a-z]*|architect[a-z]*|confirme[a-z]*|staff engineer|specialist[a-z]*|specialiste) ',
                                      '.*'
                                    ),
                                    'cs'
                                  )
                                  THEN 'senior'
                                  ELSE CASE
                                    WHEN REGEXP_LIKE(
                                      "t45"."folded",
                                      CONCAT(
                                        '.*',
                                        ' (?:engineer|ingenieur[a-z]*|developer|developpeu[a-z]*|analyst[a-z]*|analyste|consultant[a-z]*|technicien[a-z]*|technician|comptable[a-z]*|accountant|commercial[a-z]*|vendeu[a-z]*|representative|rep|account executive|charge de[a-z]*|chargee de[a-z]*|chargee d|charge d|acheteu[a-z]*|buyer|juriste[a-z]*|lawyer|officer|coordinat[a-z]*|administrat[a-z]*|administrator|gestionnaire[a-z]*|employe[a-z]*|employee|designer|recruteu[a-z]*|recruiter|conseiller[a-z]*|advisor|agent|operat[a-z]*|redact[a-z]*|professeu[a-z]*|teacher|enseignant[a-z]*|entry|individual contributor) ',
                                        '.*'
                                      ),
                                      'cs'
                                    )
                                    THEN 'staff'
                                    ELSE CAST(NULL AS VARCHAR)
                                  END
                                END
                              END
                            END
                          END
                        END
                      END
                    END AS "l seniority|seniority",
                    CASE
                      WHEN REGEXP_LIKE(
                        "t45"."folded",
                        CONCAT(
                          '.*',
                          ' (?:rh|drh|rrh|hr|chro|human resources|ressources humaines|recruteu[a-z]*|recruiter|recrutement|recruitment|talent|people|paie|payroll|formation|qvt) ',
                          '.*'
                        ),
                        'cs'
                      )
                      THEN 'hr'
                      ELSE CASE
                        WHEN REGEXP_LIKE(
                          "t45"."folded",
                          CONCAT(
                            '.*',
                            ' (?:it|dsi|cio|cto|ciso|rssi|si|informatique[a-z]*|information technology|information officer|information systems|systeme d information|systemes d information|systemes|systems|sysadmin|reseau[a-z]*|network|infrastructure[a-z]*|devops|developer|developpeu[a-z]*|software|logiciel[a-z]*|cybersecurite|cybersecurity|security engineer|data[a-z]*|cdo|numerique|technology|technologies|tech|cloud|digital transformation|web developer|programmer|fullstack|backend|frontend|erp) ',
                            '.*'
                          ),
                          'cs'
                        )
                        THEN 'it'
                        ELSE CASE
                          WHEN REGEXP_LIKE(
                            "t45"."folded",
                            CONCAT(
                              '.*',
                              ' (?:marketing|cmo|communication[a-z]*|dircom|brand|marque|growth|content|contenu[a-z]*|seo|sea|media|community manager|product marketing|digital|acquisition|event[a-z]*|evenementiel|crm|public relations|relations presse|traffic manager) ',
                              '.*'
                            ),
                            'cs'
                          )
                          THEN 'marketing'
                          ELSE CASE
                            WHEN REGEXP_LIKE(
                              "t45"."folded",
                              CONCAT(
                                '.*',
                                ' (?:finance[a-z]*|financ[a-z]*|daf|raf|cfo|comptab[a-z]*|accounting|accountant|accounts payable|controleu[a-z]* de gestion|controle de gestion|controller|treasur[a-z]*|tresor[a-z]*|audit[a-z]*|fiscal[a-z]*|tax|credit manager|administratif et financier|administrative et financiere|investment[a-z]*) ',
                                '.*'
                              ),
                              'cs'
                            )
                            THEN 'finance'
                            ELSE CASE
                              WHEN REGEXP_LIKE(
                                "t45"."folded",
                                CONCAT(
                                  '.*',
                                  ' (?:legal|juridique[a-z]*|juriste[a-z]*|lawyer|avocat[a-z]*|counsel|compliance|conformite|dpo|notaire[a-z]*|contentieux|attorney) ',
                                  '.*'
                                ),
                                'cs'
                              )
                              THEN 'legal'
                              ELSE CASE
                                WHEN REGEXP_LIKE(
                                  "t45"."folded",
                                  CONCAT(
                                    '.*',
                                    ' (?:achat[a-z]*|acheteu[a-z]*|purchas[a-z]*|procurement|buyer|sourcing|approvisionn[a-z]*|category manager|cpo) ',
                                    '.*'
                                  ),
                                  'cs'
                                )
                                THEN 'purchasing'
                                ELSE CASE
                                  WHEN REGEXP_LIKE(
                                    "t45"."folded",
                                    CONCAT(
                                      '.*',
                                      ' (?:customer[a-z]*|client[a-z]*|relation client|service client|customer success|support|sav|after sales|apres vente|csm|helpdesk) ',
                                      '.*'
                                    ),
                                    'cs'
                                  )
                                  THEN 'customer'
                                  ELSE CASE
                                    WHEN REGEXP_LIKE(
                                      "t45"."folded",
                                      CONCAT(
                                        '.*',
                                        ' (?:sales|commercial[a-z]*|vente[a-z]*|vendeu[a-z]*|dirco|cro|business developer|business development|developpement commercial|account executive|account manager|key account|grands comptes|ingenieu[a-z]* d affaires|charge[a-z]* d affaires|bdr|sdr|avant vente[a-z]*|presales|pre sales|technico commercial[a-z]*|revenue|directeur des ventes|directrice des ventes|chef des ventes|export|secteur) ',
                                        '.*'
                                      ),
                                      'cs'
                                    )
                                    THEN 'sales'
                                    ELSE CASE
                                      WHEN REGEXP_LIKE(
                                        "t45"."folded",
                                        CONCAT(
                                          '.*',
                                          ' (?:product|produit[a-z]*|product owner|product manager|chef de produit|cheffe de produit|ux|ui|designer|design) ',
                                          '.*'
                                        ),
                                        'cs'
                                      )
                                      THEN 'product'
                                      ELSE CASE
                                        WHEN REGEXP_LIKE(
                                          "t45"."folded",
                                          CONCAT(
                                            '.*',
                                            ' (?:r d|r et d|research[a-z]*|recherche[a-z]*|innovation[a-z]*|scientist[a-z]*|scientifique[a-z]*|chercheu[a-z]*|laboratoire|lab|bureau d etudes|ingenierie|engineering|engineer|ingenieur[a-z]*|etudes|conception) ',
                                            '.*'
                                          ),
                                          'cs'
                                        )
                                        THEN 'research'
                                        ELSE CASE
                                          WHEN REGEXP_LIKE(
                                            "t45"."folded",
                                            CONCAT(
                                              '.*',
                                              ' (?:operations|operation|coo|ops|production|supply[a-z]*|supply chain|logisti[a-z]*|usine|plant|factory|industriel[a-z]*|industrial|maintenance|qualite|quality|qhse|hse|qse|exploitation|transport[a-z]*|methodes|manufacturing|manufactur[a-z]*|travaux|chantier[a-z]*|site|moyens generaux|facilities|facility|warehouse|entrepot[a-z]*|technique|techniques|technical|technicien[a-z]*) ',
                                              '.*'
                                            ),
                                            'cs'
                                          )
                                          THEN 'operations'
                                          ELSE CASE
                                            WHEN REGEXP_LIKE(
                                              "t45"."folded",
                                              CONCAT(
                                                '.*',
                                                ' (?:assistant[a-z]*|assistante|secretaire[a-z]*|office manager|administrati[a-z]*|secretariat|accueil|receptionist|executive assistant) ',
                                                '.*'
                                              ),
                                              'cs'
                                            )
                                            THEN 'administration'
                                            ELSE CASE
                                              WHEN REGEXP_LIKE(
                                                "t45"."folded",
                                                CONCAT(
                                                  '.*',
                                                  ' (?:ceo|pdg|dg|dga|president[a-z]*|presidente|vice president[a-z]*|founder|co founder|cofounder|owner|fondat[a-z]*|cofondat[a-z]*|co fondat[a-z]*|gerant[a-z]*|dirigeant[a-z]*|associe[a-z]*|partner|managing director|directeur general|directrice generale|general manager|chef d entreprise|entrepreneur[a-z]*|proprietaire|direction generale|strateg[a-z]*|secretaire general[a-z]*) ',
                                                  '.*'
                                                ),
                                                'cs'
                                              )
                                              THEN 'general_management'
                                              ELSE CAST(NULL AS VARCHAR)
                                            END
                                          END
                                        END
                                      END
                                    END
                                  END
                                END
                              END
                            END
                          END
                        END
                      END
                    END AS "l seniority|job_function"
                  FROM (
                    SELECT
                      "t30"."text",
                      CONCAT(
                        CONCAT(
                          ' ',
                          '',
                          REGEXP_REPLACE(
                            REGEXP_REPLACE(
                              REGEXP_REPLACE(
                                REGEXP_REPLACE(
                                  REGEXP_REPLACE(
                                    REGEXP_REPLACE(
                                      REGEXP_REPLACE(
                                        REGEXP_REPLACE(REGEXP_REPLACE(LOWER(COALESCE("t30"."text", '')), '[àâä]', 'a'), '[éèêë]', 'e'),
                                        '[îï]',
                                        'i'
                                      ),
                                      '[ôö]',
                                      'o'
                                    ),
                                    '[ùûü]',
                                    'u'
                                  ),
                                  'ç',
                                  'c'
                                ),
                                'œ',
                                'oe'
                              ),
                              '\\(e\\)|·e|\\.e\\b',
                              ''
                            ),
                            '[^a-z0-9]+',
                            ' '
                          )
                        ),
                        '',
                        ' '
                      ) AS "folded"
                    FROM (
                      SELECT
                        "t25"."text",
                        COUNT(*) AS "@n"
                      FROM (
                        SELECT
                          *
                        FROM (
                          SELECT
                            *
                          FROM (
                            SELECT
                              "t0"."seniority" AS "text"
                            FROM "leads" AS "t0"
                          ) AS "t4"
                          UNION ALL
                          SELECT
                            *
                          FROM (
                            SELECT
                              "t2"."value" AS "text"
                            FROM "changes" AS "t2"
                            WHERE
                              "t2"."field" = 'seniority'
                          ) AS "t11"
                        ) AS "t14"
                        WHERE
                          NOT (
                            "t14"."text" IS NULL
                          )
                      ) AS "t25"
                      GROUP BY
                        1
                    ) AS "t30"
                  ) AS "t45"
                ) AS "t56"
                  ON "t63"."l seniority" = "t56"."l seniority"
              ) AS "t64"
            ) AS "t66"
            LEFT OUTER JOIN (
              SELECT
                "t38"."text" AS "a industry",
                CASE
                  WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('U', '99'))
                  THEN 'U'
                  ELSE CASE
                    WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('T', '97', '98'))
                    THEN 'T'
                    ELSE CASE
                      WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('S', '94', '95', '96'))
                      THEN 'S'
                      ELSE CASE
                        WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('R', '90', '91', '92', '93'))
                        THEN 'R'
                        ELSE CASE
                          WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('Q', '86', '87', '88'))
                          THEN 'Q'
                          ELSE CASE
                            WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('P', '85'))
                            THEN 'P'
                            ELSE CASE
                              WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('O', '84'))
                              THEN 'O'
                              ELSE CASE
                                WHEN IFF(
                                  "t38"."folded" IS NULL,
                                  NULL,
                                  "t38"."folded" IN ('N', '77', '78', '79', '80', '81', '82')
                                )
                                THEN 'N'
                                ELSE CASE
                                  WHEN IFF(
                                    "t38"."folded" IS NULL,
                                    NULL,
                                    "t38"."folded" IN ('M', '69', '70', '71', '72', '73', '74', '75')
                                  )
                                  THEN 'M'
                                  ELSE CASE
                                    WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('L', '68'))
                                    THEN 'L'
                                    ELSE CASE
                                      WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('K', '64', '65', '66'))
                                      THEN 'K'
                                      ELSE CASE
                                        WHEN IFF(
                                          "t38"."folded" IS NULL,
                                          NULL,
                                          "t38"."folded" IN ('J', '58', '59', '60', '61', '62', '63')
                                        )
                                        THEN 'J'
                                        ELSE CASE
                                          WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('I', '55', '56'))
                                          THEN 'I'
                                          ELSE CASE
                                            WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('H', '49', '50', '51', '52', '53'))
                                            THEN 'H'
                                            ELSE CASE
                                              WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('G', '45', '46', '47'))
                                              THEN 'G'
                                              ELSE CASE
                                                WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('F', '41', '42', '43'))
                                                THEN 'F'
                                                ELSE CASE
                                                  WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('E', '36', '37', '38', '39'))
                                                  THEN 'E'
                                                  ELSE CASE
                                                    WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('D', '35'))
                                                    THEN 'D'
                                                    ELSE CASE
                                                      WHEN IFF(
                                                        "t38"."folded" IS NULL,
                                                        NULL,
                                                        "t38"."folded" IN (
                                                          'C',
                                                          '10',
                                                          '11',
                                                          '12',
                                                          '13',
                                                          '14',
                                                          '15',
                                                          '16',
                                                          '17',
                                                          '18',
                                                          '19',
                                                          '20',
                                                          '21',
                                                          '22',
                                                          '23',
                                                          '24',
                                                          '25',
                                                          '26',
                                                          '27',
                                                          '28',
                                                          '29',
                                                          '30',
                                                          '31',
                                                          '32',
                                                          '33'
                                                        )
                                                      )
                                                      THEN 'C'
                                                      ELSE CASE
                                                        WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('B', '05', '06', '07', '08', '09'))
                                                        THEN 'B'
                                                        ELSE CASE
                                                          WHEN IFF("t38"."folded" IS NULL, NULL, "t38"."folded" IN ('A', '01', '02', '03'))
                                                          THEN 'A'
                                                          ELSE CAST(NULL AS VARCHAR)
                                                        END
                                                      END
                                                    END
                                                  END
                                                END
                                              END
                                            END
                                          END
                                        END
                                      END
                                    END
                                  END
                                END
                              END
                            END
                          END
                        END
                      END
                    END
                  END
                END AS "a industry|naf_section",
                CASE WHEN LENGTH("t38"."folded") = 2 THEN "t38"."folded" ELSE NULL END AS "a industry|naf_division",
                CASE WHEN "t38"."folded" IS NULL THEN "t38"."text" ELSE NULL END AS "a industry|industry_text"
              FROM (
                SELECT
                  "t21"."text",
                  CASE
                    WHEN REGEXP_LIKE(
                      REPLACE(UPPER(TRIM(COALESCE("t21"."text", ''), ' \t\n\r\v\f')), '.', ''),
                      CONCAT('.*', '^(?:[A-U]|[0-9]{2}(?:[0-9]{1,2}[A-Z]?)?)$', '.*'),
                      'cs'
                    )
                    AND IFF(
                      SUBSTRING(
                        REPLACE(UPPER(TRIM(COALESCE("t21"."text", ''), ' \t\n\r\v\f')), '.', ''),
                        IFF(
                          (
                            (
                              1 - 1
                            ) + 1
                          ) >= 1,
                          (
                            1 - 1
                          ) + 1,
                          (
                            1 - 1
                          ) + 1 + LENGTH(REPLACE(UPPER(TRIM(COALESCE("t21"."text", ''), ' \t\n\r\v\f')), '.', ''))
                        ),
                        2
                      ) IS NULL,
                      NULL,
                      SUBSTRING(
                        REPLACE(UPPER(TRIM(COALESCE("t21"."text", ''), ' \t\n\r\v\f')), '.', ''),
                        IFF(
                          (
                            (
                              1 - 1
                            ) + 1
                          ) >= 1,
                          (
                            1 - 1
                          ) + 1,
                          (
                            1 - 1
                          ) + 1 + LENGTH(REPLACE(UPPER(TRIM(COALESCE("t21"."text", ''), ' \t\n\r\v\f')), '.', ''))
                        ),
                        2
                      ) IN (
                        '01',
                        '02',
                        '03',
                        '05',
                        '06',
                        '07',
                        '08',
                        '09',
                        '10',
                        '11',
                        '12',
                        '13',
                        '14',
                        '15',
                        '16',
                        '17',
                        '18',
                        '19',
                        '20',
                        '21',
                        '22',
                        '23',
                        '24',
                        '25',
                        '26',
                        '27',
                        '28',
                        '29',
                        '30',
                        '31',
                        '32',
                        '33',
                        '35',
                        '36',
                        '37',
                        '38',
                        '39',
                        '41',
                        '42',
                        '43',
                        '45',
                        '46',
                        '47',
                        '49',
                        '50',
                        '51',
                        '52',
                        '53',
                        '55',
                        '56',
                        '58',
                        '59',
                        '60',
                        '61',
                        '62',
                        '63',
                        '64',
                        '65',
                        '66',
                        '68',
                        '69',
                        '70',
                        '71',
                        '72',
                        '73',
                        '74',
                        '75',
                        '77',
                        '78',
                        '79',
                        '80',
                        '81',
                        '82',
                        '84',
                        '85',
                        '86',
                        '87',
                        '88',
                        '90',
                        '91',
                        '92',
                        '93',
                        '94',
                        '95',
                        '96',
                        '97',
                        '98',
                        '99',
                        'A',
                        'B',
                        'C',
                        'D',
                        'E',
                        'F',
                        'G',
                        'H',
                        'I',
                        'J',
                        'K',
                        'L',
                        'M',
                        'N',
                        'O',
                        'P',
                        'Q',
                        'R',
                        'S',
                        'T',
                        'U'
                      )
                    )
                    THEN SUBSTRING(
                      REPLACE(UPPER(TRIM(COALESCE("t21"."text", ''), ' \t\n\r\v\f')), '.', ''),
                      IFF(
                        (
                          (
                            1 - 1
                          ) + 1
                        ) >= 1,
                        (
                          1 - 1
                        ) + 1,
                        (
                          1 - 1
                        ) + 1 + LENGTH(REPLACE(UPPER(TRIM(COALESCE("t21"."text", ''), ' \t\n\r\v\f')), '.', ''))
                      ),
                      2
                    )
                    ELSE NULL
                  END AS "folded"
                FROM (
                  SELECT
                    "t13"."text",
                    COUNT(*) AS "@n"
                  FROM (
                    SELECT
                      "t1"."industry" AS "text"
                    FROM "accounts" AS "t1"
                    WHERE
                      NOT (
                        "t1"."industry" IS NULL
                      )
                  ) AS "t13"
                  GROUP BY
                    1
                ) AS "t21"
              ) AS "t38"
            ) AS "t59"
              ON "t66"."a industry" = "t59"."a industry"
          ) AS "t67"
        ) AS "t68"
      ) AS "t69"
    ) AS "t71"
      ON "t8"."lead_id" = "t71"."lead_id" AND "t8"."cutoff" = "t71"."cutoff"
  ) AS "t72"
) AS "t73";

-- colleagues
WITH "t10" AS (
  SELECT
    "t4"."lead_id",
    "t4"."cutoff",
    "t5"."lead_id" AS "lead_id_right",
    "t5"."account_id"
  FROM (
    SELECT
      "t0"."lead_id",
      1790000000 AS "cutoff"
    FROM "leads" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t0"."lead_id",
      "t0"."account_id"
    FROM "leads" AS "t0"
  ) AS "t5"
    ON "t4"."lead_id" = "t5"."lead_id"
)
SELECT
  "t27"."lead_id",
  "t27"."cutoff",
  CASE
    WHEN NOT (
      "t27"."account_id" IS NULL
    )
    THEN COALESCE(CAST("t27"."engagement__colleagues_30d" AS DOUBLE), 0.0)
    ELSE NULL
  END AS "engagement__colleagues_30d"
FROM (
  SELECT
    "t13"."lead_id",
    "t13"."cutoff",
    "t13"."account_id",
    "t26"."lead_id" AS "lead_id_right",
    "t26"."cutoff" AS "cutoff_right",
    "t26"."engagement__colleagues_30d"
  FROM (
    SELECT
      "t11"."lead_id",
      "t11"."cutoff",
      "t11"."account_id"
    FROM "t10" AS "t11"
  ) AS "t13"
  LEFT OUTER JOIN (
    SELECT
      "t24"."lead_id",
      "t24"."cutoff",
      COALESCE(
        SUM("t24"."engagement__colleagues_30d") OVER (
          PARTITION BY "t24"."account_id", "t24"."cutoff"
          ORDER BY NULL ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ),
        0
      ) - "t24"."engagement__colleagues_30d" AS "engagement__colleagues_30d"
    FROM (
      SELECT
        "t23"."account_id",
        "t23"."cutoff",
        "t23"."lead_id",
        CASE WHEN "t23"."age" <= 2592000 THEN 1 ELSE 0 END AS "engagement__colleagues_30d"
      FROM (
        SELECT
          "t17"."account_id",
          "t17"."cutoff",
          "t9"."lead_id",
          "t22"."lead_id" AS "lead_id_right",
          "t22"."cutoff" AS "cutoff_right",
          "t22"."age"
        FROM (
          SELECT
            "t15"."account_id",
            "t15"."cutoff"
          FROM (
            SELECT
              "t14"."account_id",
              "t14"."cutoff",
              COUNT(*) AS "@n"
            FROM (
              SELECT
                "t11"."account_id",
                "t11"."cutoff"
              FROM "t10" AS "t11"
              WHERE
                NOT (
                  "t11"."account_id" IS NULL
                )
            ) AS "t14"
            GROUP BY
              1,
              2
          ) AS "t15"
        ) AS "t17"
        INNER JOIN (
          SELECT
            "t0"."account_id",
            "t0"."lead_id"
          FROM "leads" AS "t0"
          WHERE
            NOT (
              "t0"."account_id" IS NULL
            )
        ) AS "t9"
          ON "t17"."account_id" = "t9"."account_id"
        LEFT OUTER JOIN (
          SELECT
            *
          FROM (
            SELECT
              "t19"."lead_id",
              "t19"."cutoff",
              MIN("t19"."age") AS "age"
            FROM (
              SELECT
                "t18"."lead_id",
                "t18"."cutoff",
                "t18"."cutoff" - "t18"."occurred_at" AS "age"
              FROM (
                SELECT
                  "t17"."account_id",
                  "t17"."cutoff",
                  "t9"."lead_id",
                  "t8"."occurred_at",
                  "t8"."known_at"
                FROM (
                  SELECT
                    "t15"."account_id",
                    "t15"."cutoff"
                  FROM (
                    SELECT
                      "t14"."account_id",
                      "t14"."cutoff",
                      COUNT(*) AS "@n"
                    FROM (
                      SELECT
                        "t11"."account_id",
                        "t11"."cutoff"
                      FROM "t10" AS "t11"
                      WHERE
                        NOT (
                          "t11"."account_id" IS NULL
                        )
                    ) AS "t14"
                    GROUP BY
                      1,
                      2
                  ) AS "t15"
                ) AS "t17"
                INNER JOIN (
                  SELECT
                    "t0"."account_id",
                    "t0"."lead_id"
                  FROM "leads" AS "t0"
                  WHERE
                    NOT (
                      "t0"."account_id" IS NULL
                    )
                ) AS "t9"
                  ON "t17"."account_id" = "t9"."account_id"
                INNER JOIN (
                  SELECT
                    "t1"."lead_id",
                    "t1"."occurred_at",
                    "t1"."known_at"
                  FROM "events" AS "t1"
                  WHERE
                    "t1"."occurred_at" >= 1787408000 AND "t1"."known_at" < 1790000000
                ) AS "t8"
                  ON "t9"."lead_id" = "t8"."lead_id"
              ) AS "t18"
              WHERE
                "t18"."known_at" < "t18"."cutoff"
                AND (
                  "t18"."cutoff" - "t18"."occurred_at"
                ) <= 2592000
            ) AS "t19"
            GROUP BY
              1,
              2
          ) AS "t20"
        ) AS "t22"
          ON "t9"."lead_id" = "t22"."lead_id" AND "t17"."cutoff" = "t22"."cutoff"
      ) AS "t23"
    ) AS "t24"
  ) AS "t26"
    ON "t13"."lead_id" = "t26"."lead_id" AND "t13"."cutoff" = "t26"."cutoff"
) AS "t27";

-- events
SELECT
  "t38"."lead_id",
  "t38"."cutoff",
  COALESCE("t38"."engagement__activity_count_7d", 0.0) AS "engagement__activity_count_7d",
  COALESCE(CAST("t38"."engagement__product_days_30d" AS DOUBLE), 0.0) AS "engagement__product_days_30d",
  COALESCE(CAST("t38"."engagement__activity_decay_14d" AS DOUBLE) * 9.5367431640625e-07, 0.0) AS "engagement__activity_decay_14d",
  CAST(CASE
    WHEN 86400 <> 0
    THEN CAST(FLOOR((
      "t38"."engagement__activity_recency_days"
    ) / (
      86400
    )) AS BIGINT)
    ELSE NULL
  END AS DOUBLE) + (
    CAST("t38"."engagement__activity_recency_days" - (
      CASE
        WHEN 86400 <> 0
        THEN CAST(FLOOR((
          "t38"."engagement__activity_recency_days"
        ) / (
          86400
        )) AS BIGINT)
        ELSE NULL
      END * 86400
    ) AS DOUBLE) * 1.1574074074074073e-05
  ) AS "engagement__activity_recency_days",
  COALESCE(CAST("t38"."engagement__sessions_30d" AS DOUBLE), 0.0) AS "engagement__sessions_30d",
  CASE
    WHEN "t38"."engagement__commercial_pages_share_90d|all" > 0.0
    THEN "t38"."engagement__commercial_pages_share_90d" / "t38"."engagement__commercial_pages_share_90d|all"
    ELSE NULL
  END AS "engagement__commercial_pages_share_90d",
  CASE
    WHEN "t38"."engagement__activity_trend_30d|all" > 0.0
    THEN (
      "t38"."engagement__activity_trend_30d" + 1.0
    ) / (
      (
        (
          "t38"."engagement__activity_trend_30d|all" - "t38"."engagement__activity_trend_30d"
        ) * 0.5
      ) + 1.0
    )
    ELSE NULL
  END AS "engagement__activity_trend_30d",
  COALESCE(CAST("t38"."engagement__activity_types_90d" AS DOUBLE), 0.0) AS "engagement__activity_types_90d"
FROM (
  SELECT
    "t37".*
    EXCLUDE ("cutoff_right", "lead_id_right")
  FROM (
    SELECT
      "t36"."lead_id",
      "t36"."cutoff",
      "t36"."engagement__activity_count_7d",
      "t36"."engagement__activity_decay_14d",
      "t36"."engagement__activity_recency_days",
      "t36"."engagement__commercial_pages_share_90d",
      "t36"."engagement__commercial_pages_share_90d|all",
      "t36"."engagement__activity_trend_30d",
      "t36"."engagement__activity_trend_30d|all",
      "t36"."engagement__activity_types_90d",
      "t36"."engagement__product_days_30d",
      "t23"."lead_id" AS "lead_id_right",
      "t23"."cutoff" AS "cutoff_right",
      "t23"."engagement__sessions_30d"
    FROM (
      SELECT
        "t34".*
        EXCLUDE ("cutoff_right", "lead_id_right")
      FROM (
        SELECT
          "t33"."lead_id",
          "t33"."cutoff",
          "t33"."engagement__activity_count_7d",
          "t33"."engagement__activity_decay_14d",
          "t33"."engagement__activity_recency_days",
          "t33"."engagement__commercial_pages_share_90d",
          "t33"."engagement__commercial_pages_share_90d|all",
          "t33"."engagement__activity_trend_30d",
          "t33"."engagement__activity_trend_30d|all",
          "t33"."engagement__activity_types_90d",
          "t26"."lead_id" AS "lead_id_right",
          "t26"."cutoff" AS "cutoff_right",
          "t26"."engagement__product_days_30d"
        FROM (
          SELECT
            "t31".*
            EXCLUDE ("cutoff_right", "lead_id_right")
          FROM (
            SELECT
              "t3"."lead_id",
              "t3"."cutoff",
              "t30"."lead_id" AS "lead_id_right",
              "t30"."cutoff" AS "cutoff_right",
              "t30"."engagement__activity_count_7d",
              "t30"."engagement__activity_decay_14d",
              "t30"."engagement__activity_recency_days",
              "t30"."engagement__commercial_pages_share_90d",
              "t30"."engagement__commercial_pages_share_90d|all",
              "t30"."engagement__activity_trend_30d",
              "t30"."engagement__activity_trend_30d|all",
              "t30"."engagement__activity_types_90d"
            FROM (
              SELECT
                "t0"."lead_id",
                1790000000 AS "cutoff"
              FROM "leads" AS "t0"
            ) AS "t3"
            LEFT OUTER JOIN (
              SELECT
                *
              FROM (
                SELECT
                  "t27"."lead_id",
                  "t27"."cutoff",
                  COALESCE(SUM("t27"."engagement__activity_count_7d"), 0) AS "engagement__activity_count_7d",
                  COALESCE(SUM("t27"."engagement__activity_decay_14d"), 0) AS "engagement__activity_decay_14d",
                  MIN("t27"."engagement__activity_recency_days") AS "engagement__activity_recency_days",
                  COALESCE(SUM("t27"."engagement__commercial_pages_share_90d"), 0) AS "engagement__commercial_pages_share_90d",
                  COALESCE(SUM("t27"."engagement__commercial_pages_share_90d|all"), 0) AS "engagement__commercial_pages_share_90d|all",
                  COALESCE(SUM("t27"."engagement__activity_trend_30d"), 0) AS "engagement__activity_trend_30d",
                  COALESCE(SUM("t27"."engagement__activity_trend_30d|all"), 0) AS "engagement__activity_trend_30d|all",
                  COUNT("t27"."engagement__activity_types_90d") AS "engagement__activity_types_90d"
                FROM (
                  SELECT
                    "t24"."lead_id",
                    "t24"."cutoff",
                    CASE
                      WHEN NOT (
                        "t24"."type" IS NULL
                      )
                      THEN CAST("t24"."n7" AS DOUBLE)
                      ELSE 0.0
                    END AS "engagement__activity_count_7d",
                    CASE WHEN NOT (
                      "t24"."type" IS NULL
                    ) THEN "t24"."decay365_14_0" ELSE NULL END AS "engagement__activity_decay_14d",
                    CASE
                      WHEN NOT (
                        "t24"."type" IS NULL
                      ) AND (
                        "t24"."newest" <= 31536000
                      )
                      THEN "t24"."newest"
                      ELSE NULL
                    END AS "engagement__activity_recency_days",
                    CASE
                      WHEN IFF(
                        "t24"."type" IS NULL,
                        NULL,
                        "t24"."type" IN (
                          'pricing_view',
                          'pricing_page_view',
                          'demo_view',
                          'quote_view',
                          'comparison_view',
                          'case_study_view'
                        )
                      )
                      THEN CAST("t24"."n90" AS DOUBLE)
                      ELSE 0.0
                    END AS "engagement__commercial_pages_share_90d",
                    CASE
                      WHEN IFF(
                        "t24"."type" IS NULL,
                        NULL,
                        "t24"."type" IN (
                          'page_view',
                          'pricing_view',
                          'pricing_page_view',
                          'demo_view',
                          'quote_view',
                          'comparison_view',
                          'case_study_view',
                          'blog_view'
                        )
                      )
                      THEN CAST("t24"."n90" AS DOUBLE)
                      ELSE 0.0
                    END AS "engagement__commercial_pages_share_90d|all",
                    CASE
                      WHEN NOT (
                        "t24"."type" IS NULL
                      )
                      THEN CAST("t24"."n30" AS DOUBLE)
                      ELSE 0.0
                    END AS "engagement__activity_trend_30d",
                    CASE
                      WHEN NOT (
                        "t24"."type" IS NULL
                      )
                      THEN CAST("t24"."n90" AS DOUBLE)
                      ELSE 0.0
                    END AS "engagement__activity_trend_30d|all",
                    CASE
                      WHEN NOT (
                        "t24"."type" IS NULL
                      ) AND (
                        "t24"."n90" > 0
                      )
                      THEN 1
                      ELSE NULL
                    END AS "engagement__activity_types_90d"
                  FROM (
                    SELECT
                      "t19"."lead_id",
                      "t19"."cutoff",
                      "t19"."type",
                      COUNT("t19"."n7") AS "n7",
                      COALESCE(SUM("t19"."decay365_14_0"), 0) AS "decay365_14_0",
                      MIN("t19"."newest") AS "newest",
                      COUNT("t19"."n90") AS "n90",
                      COUNT("t19"."n30") AS "n30"
                    FROM (
                      SELECT
                        "t13"."lead_id",
                        "t13"."cutoff",
                        "t13"."type",
                        CASE WHEN "t13"."age" <= 604800 THEN 1 ELSE NULL END AS "n7",
                        CASE
                          WHEN "t13"."age" <= 31536000
                          THEN CAST(FLOOR((
                            EXP(CAST("t13"."age" AS DOUBLE) * -5.730383437168859E-7) * 1048576.0
                          ) + 0.5) AS BIGINT)
                          ELSE NULL
                        END AS "decay365_14_0",
                        "t13"."age" AS "newest",
                        CASE WHEN "t13"."age" <= 7776000 THEN 1 ELSE NULL END AS "n90",
                        CASE WHEN "t13"."age" <= 2592000 THEN 1 ELSE NULL END AS "n30"
                      FROM (
                        SELECT
                          "t10"."lead_id",
                          "t10"."cutoff",
                          "t10"."occurred_at",
                          "t10"."known_at",
                          "t10"."type",
                          "t10"."cutoff" - "t10"."occurred_at" AS "age"
                        FROM (
                          SELECT
                            "t3"."lead_id",
                            "t3"."cutoff",
                            "t6"."occurred_at",
                            "t6"."known_at",
                            "t6"."type"
                          FROM (
                            SELECT
                              "t0"."lead_id",
                              1790000000 AS "cutoff"
                            FROM "leads" AS "t0"
                          ) AS "t3"
                          INNER JOIN (
                            SELECT
                              "t1"."lead_id",
                              "t1"."occurred_at",
                              "t1"."known_at",
                              "t1"."type"
                            FROM "events" AS "t1"
                            WHERE
                              "t1"."occurred_at" >= 1758464000 AND "t1"."known_at" < 1790000000
                          ) AS "t6"
                            ON "t3"."lead_id" = "t6"."lead_id"
                        ) AS "t10"
                        WHERE
                          "t10"."known_at" < "t10"."cutoff"
                          AND (
                            "t10"."cutoff" - "t10"."occurred_at"
                          ) <= 31536000
                      ) AS "t13"
                    ) AS "t19"
                    GROUP BY
                      1,
                      2,
                      3
                  ) AS "t24"
                ) AS "t27"
                GROUP BY
                  1,
                  2
              ) AS "t28"
            ) AS "t30"
              ON "t3"."lead_id" = "t30"."lead_id" AND "t3"."cutoff" = "t30"."cutoff"
          ) AS "t31"
        ) AS "t33"
        LEFT OUTER JOIN (
          SELECT
            *
          FROM (
            SELECT
              "t18"."lead_id",
              "t18"."cutoff",
              COUNT("t18"."engagement__product_days_30d") AS "engagement__product_days_30d"
            FROM (
              SELECT
                "t16"."lead_id",
                "t16"."cutoff",
                CASE WHEN "t16"."age" <= 2592000 THEN 1 ELSE NULL END AS "engagement__product_days_30d"
              FROM (
                SELECT
                  "t15"."lead_id",
                  "t15"."cutoff",
                  "t15"."day",
                  MIN("t15"."age") AS "age"
                FROM (
                  SELECT
                    "t12"."lead_id",
                    "t12"."cutoff",
                    CASE
                      WHEN 86400 <> 0
                      THEN CAST(FLOOR((
                        "t12"."occurred_at"
                      ) / (
                        86400
                      )) AS BIGINT)
                      ELSE NULL
                    END AS "day",
                    "t12"."cutoff" - "t12"."occurred_at" AS "age"
                  FROM (
                    SELECT
                      "t3"."lead_id",
                      "t3"."cutoff",
                      "t8"."occurred_at",
                      "t8"."known_at"
                    FROM (
                      SELECT
                        "t0"."lead_id",
                        1790000000 AS "cutoff"
                      FROM "leads" AS "t0"
                    ) AS "t3"
                    INNER JOIN (
                      SELECT
                        "t1"."lead_id",
                        "t1"."occurred_at",
                        "t1"."known_at"
                      FROM "events" AS "t1"
                      WHERE
                        IFF("t1"."type" IS NULL, NULL, "t1"."type" IN ('product_use', 'product_usage'))
                        AND "t1"."occurred_at" >= 1787408000
                        AND "t1"."known_at" < 1790000000
                    ) AS "t8"
                      ON "t3"."lead_id" = "t8"."lead_id"
                  ) AS "t12"
                  WHERE
                    "t12"."known_at" < "t12"."cutoff"
                    AND (
                      "t12"."cutoff" - "t12"."occurred_at"
                    ) <= 2592000
                ) AS "t15"
                GROUP BY
                  1,
                  2,
                  3
              ) AS "t16"
            ) AS "t18"
            GROUP BY
              1,
              2
          ) AS "t21"
        ) AS "t26"
          ON "t33"."lead_id" = "t26"."lead_id" AND "t33"."cutoff" = "t26"."cutoff"
      ) AS "t34"
    ) AS "t36"
    LEFT OUTER JOIN (
      SELECT
        *
      FROM (
        SELECT
          "t17"."lead_id",
          "t17"."cutoff",
          COUNT("t17"."engagement__sessions_30d") AS "engagement__sessions_30d"
        FROM (
          SELECT
            "t14"."lead_id",
            "t14"."cutoff",
            CASE
              WHEN (
                "t14"."gap" IS NULL
              ) OR (
                "t14"."gap" > 1800
              )
              THEN CASE WHEN (
                "t14"."cutoff" - "t14"."occurred_at"
              ) <= 2592000 THEN 1 ELSE NULL END
              ELSE NULL
            END AS "engagement__sessions_30d"
          FROM (
            SELECT
              "t3"."lead_id",
              "t3"."cutoff",
              "t11"."occurred_at",
              "t11"."known_at",
              "t11"."gap"
            FROM (
              SELECT
                "t0"."lead_id",
                1790000000 AS "cutoff"
              FROM "leads" AS "t0"
            ) AS "t3"
            INNER JOIN (
              SELECT
                "t4"."lead_id",
                "t4"."occurred_at",
                "t4"."known_at",
                "t4"."known_at" - LAG("t4"."known_at", 1) OVER (
                  PARTITION BY "t4"."lead_id"
                  ORDER BY "t4"."known_at" ASC NULLS FIRST, "t4"."occurred_at" ASC NULLS FIRST
                ) AS "gap"
              FROM (
                SELECT
                  "t1"."lead_id",
                  "t1"."occurred_at",
                  "t1"."known_at"
                FROM "events" AS "t1"
                WHERE
                  "t1"."known_at" >= 1787406200 AND "t1"."known_at" < 1790000000
              ) AS "t4"
            ) AS "t11"
              ON "t3"."lead_id" = "t11"."lead_id"
          ) AS "t14"
          WHERE
            "t14"."known_at" < "t14"."cutoff"
            AND (
              "t14"."cutoff" - "t14"."occurred_at"
            ) <= 2592000
        ) AS "t17"
        GROUP BY
          1,
          2
      ) AS "t20"
    ) AS "t23"
      ON "t36"."lead_id" = "t23"."lead_id" AND "t36"."cutoff" = "t23"."cutoff"
  ) AS "t37"
) AS "t38";

-- signals
WITH "t8" AS (
  SELECT
    "t4"."lead_id",
    "t4"."cutoff",
    "t5"."lead_id" AS "lead_id_right",
    "t5"."account_id"
  FROM (
    SELECT
      "t0"."lead_id",
      1790000000 AS "cutoff"
    FROM "leads" AS "t0"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t0"."lead_id",
      "t0"."account_id"
    FROM "leads" AS "t0"
  ) AS "t5"
    ON "t4"."lead_id" = "t5"."lead_id"
)
SELECT
  "t24"."lead_id",
  "t24"."cutoff",
  CASE
    WHEN NOT (
      "t24"."account_id" IS NULL
    )
    THEN COALESCE("t24"."intent__signals_count_30d", 0.0)
    ELSE NULL
  END AS "intent__signals_count_30d",
  CAST(CASE
    WHEN 86400 <> 0
    THEN CAST(FLOOR((
      "t24"."intent__signals_recency_days"
    ) / (
      86400
    )) AS BIGINT)
    ELSE NULL
  END AS DOUBLE) + (
    CAST("t24"."intent__signals_recency_days" - (
      CASE
        WHEN 86400 <> 0
        THEN CAST(FLOOR((
          "t24"."intent__signals_recency_days"
        ) / (
          86400
        )) AS BIGINT)
        ELSE NULL
      END * 86400
    ) AS DOUBLE) * 1.1574074074074073e-05
  ) AS "intent__signals_recency_days",
  CASE
    WHEN NOT (
      "t24"."account_id" IS NULL
    )
    THEN COALESCE(CAST("t24"."intent__signals_strength_90d" AS DOUBLE) * 9.5367431640625e-07, 0.0)
    ELSE NULL
  END AS "intent__signals_strength_90d",
  CASE
    WHEN NOT (
      "t24"."account_id" IS NULL
    )
    THEN COALESCE(CAST("t24"."intent__signal_types_90d" AS DOUBLE), 0.0)
    ELSE NULL
  END AS "intent__signal_types_90d"
FROM (
  SELECT
    "t23".*
    EXCLUDE ("cutoff_right", "account_id_right")
  FROM (
    SELECT
      "t11"."lead_id",
      "t11"."cutoff",
      "t11"."account_id",
      "t22"."account_id" AS "account_id_right",
      "t22"."cutoff" AS "cutoff_right",
      "t22"."intent__signals_count_30d",
      "t22"."intent__signals_recency_days",
      "t22"."intent__signals_strength_90d",
      "t22"."intent__signal_types_90d"
    FROM (
      SELECT
        "t9"."lead_id",
        "t9"."cutoff",
        "t9"."account_id"
      FROM "t8" AS "t9"
    ) AS "t11"
    LEFT OUTER JOIN (
      SELECT
        *
      FROM (
        SELECT
          "t19"."account_id",
          "t19"."cutoff",
          COALESCE(SUM("t19"."intent__signals_count_30d"), 0) AS "intent__signals_count_30d",
          MIN("t19"."intent__signals_recency_days") AS "intent__signals_recency_days",
          COALESCE(SUM("t19"."intent__signals_strength_90d"), 0) AS "intent__signals_strength_90d",
          COUNT("t19"."intent__signal_types_90d") AS "intent__signal_types_90d"
        FROM (
          SELECT
            "t18"."account_id",
            "t18"."cutoff",
            CASE
              WHEN NOT (
                "t18"."type" IS NULL
              )
              THEN CAST("t18"."n30" AS DOUBLE)
              ELSE 0.0
            END AS "intent__signals_count_30d",
            CASE
              WHEN NOT (
                "t18"."type" IS NULL
              ) AND (
                "t18"."newest" <= 31536000
              )
              THEN "t18"."newest"
              ELSE NULL
            END AS "intent__signals_recency_days",
            CASE WHEN NOT (
              "t18"."type" IS NULL
            ) THEN "t18"."strength90" ELSE NULL END AS "intent__signals_strength_90d",
            CASE
              WHEN NOT (
                "t18"."type" IS NULL
              ) AND (
                "t18"."n90" > 0
              )
              THEN 1
              ELSE NULL
            END AS "intent__signal_types_90d"
          FROM (
            SELECT
              "t17"."account_id",
              "t17"."cutoff",
              "t17"."type",
              COUNT("t17"."n30") AS "n30",
              MIN("t17"."newest") AS "newest",
              COALESCE(SUM("t17"."strength90"), 0) AS "strength90",
              COUNT("t17"."n90") AS "n90"
            FROM (
              SELECT
                "t16"."account_id",
                "t16"."cutoff",
                "t16"."type",
                CASE WHEN (
                  "t16"."cutoff" - "t16"."occurred_at"
                ) <= 2592000 THEN 1 ELSE NULL END AS "n30",
                "t16"."cutoff" - "t16"."occurred_at" AS "newest",
                CASE
                  WHEN (
                    "t16"."cutoff" - "t16"."occurred_at"
                  ) <= 7776000
                  THEN CAST(FLOOR((
                    "t16"."strength" * 1048576.0
                  ) + 0.5) AS BIGINT)
                  ELSE NULL
                END AS "strength90",
                CASE WHEN (
                  "t16"."cutoff" - "t16"."occurred_at"
                ) <= 7776000 THEN 1 ELSE NULL END AS "n90"
              FROM (
                SELECT
                  "t15"."account_id",
                  "t15"."cutoff",
                  "t7"."occurred_at",
                  "t7"."known_at",
                  "t7"."type",
                  "t7"."strength"
                FROM (
                  SELECT
                    "t13"."account_id",
                    "t13"."cutoff"
                  FROM (
                    SELECT
                      "t12"."account_id",
                      "t12"."cutoff",
                      COUNT(*) AS "@n"
                    FROM (
                      SELECT
                        "t9"."account_id",
                        "t9"."cutoff"
                      FROM "t8" AS "t9"
                      WHERE
                        NOT (
                          "t9"."account_id" IS NULL
                        )
                    ) AS "t12"
                    GROUP BY
                      1,
                      2
                  ) AS "t13"
                ) AS "t15"
                INNER JOIN (
                  SELECT
                    "t1"."account_id",
                    "t1"."occurred_at",
                    "t1"."known_at",
                    "t1"."type",
                    "t1"."strength"
                  FROM "signals" AS "t1"
                  WHERE
                    "t1"."occurred_at" >= 1758464000 AND "t1"."known_at" < 1790000000
                ) AS "t7"
                  ON "t15"."account_id" = "t7"."account_id"
              ) AS "t16"
              WHERE
                "t16"."known_at" < "t16"."cutoff"
                AND (
                  "t16"."cutoff" - "t16"."occurred_at"
                ) <= 31536000
            ) AS "t17"
            GROUP BY
              1,
              2,
              3
          ) AS "t18"
        ) AS "t19"
        GROUP BY
          1,
          2
      ) AS "t20"
    ) AS "t22"
      ON "t11"."account_id" = "t22"."account_id" AND "t11"."cutoff" = "t22"."cutoff"
  ) AS "t23"
) AS "t24";
