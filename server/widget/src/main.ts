// The script that a page includes. It may stand in the head, before there is a body to mount in.

import { define, publish } from "./host";

define();
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", publish, { once: true });
else publish();
