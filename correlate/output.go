package correlate

import "pinkstar/schemas"

// Output is what the engine has to say.
type Output = schemas.Output
