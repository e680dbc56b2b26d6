int embedded_stub(void);
