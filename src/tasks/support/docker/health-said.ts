import { sh } from '../../../remote/sh.ts';
import { DOCKER } from './cli.ts';

/** `health_said CONTAINER`: prints what its last health check said, to stderr; nothing where it has none. */
export const HEALTH_SAID = sh`health_said() {
  ${DOCKER} container inspect -f '{{if .State.Health}}{{range .State.Health.Log}}{{println .Output}}{{end}}{{end}}' "$1" |
    grep . | tail -n 1 | sed 's/^/its health check says: /' >&2 || :
}
`;
