"""The programs behind the commands on the catalog alone; importing one brings in the databases."""
