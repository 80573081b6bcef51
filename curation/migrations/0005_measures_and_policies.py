from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("curation", "0004_cluster_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="rolecheck",
            name="measures",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="rolecheck",
            name="calibration",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="rolecheck",
            name="had_prior_rules",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="curationpolicy",
            name="route_policy",
            field=models.CharField(
                choices=[
                    ("paper", "Paper: a high gap tries the critic first"),
                    (
                        "evidence",
                        "Evidence: the path that verification showed to win more often",
                    ),
                ],
                default="paper",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="curationpolicy",
            name="promotion_rule",
            field=models.CharField(
                choices=[
                    ("above_chance", "At least 0.53, and more than chance with so many prompts"),
                    ("paper", "Paper: at least 0.53"),
                ],
                default="above_chance",
                max_length=20,
            ),
        ),
    ]
