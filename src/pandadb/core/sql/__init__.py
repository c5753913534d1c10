"""How statements are made and sent. No rule of PanDA stands here."""
