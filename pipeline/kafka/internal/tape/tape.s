// Empty: it lets tape.go declare a function without a body.
