from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("curation", "0002_rule_embedding")]

    operations = [
        migrations.AlterField(
            model_name="logentry",
            name="content_hash",
            field=models.CharField(db_index=True, max_length=64),
        ),
    ]
