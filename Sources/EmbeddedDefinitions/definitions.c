int embedded_stub(void) { return 0; }
