/** cdktf records every frame of the stack at the birth of every token: a fifth of the suite's time, for no test. */
Error.captureStackTrace = () => undefined;
