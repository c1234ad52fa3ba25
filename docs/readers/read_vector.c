/* cc -O2 -o read_vector read_vector.c -lm && ./read_vector FILE TENSOR
   Prints one tensor of a sab-vectors file: its dtype and shape, and the sum of its squares. Little-endian machines. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    unsigned long long length = 0, from, to;
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file || fread(&length, 8, 1, file) != 1 || length > 1 << 20) return fprintf(stderr, "no vector file\n"), 2;
    char *header = calloc(length + 1, 1), key[256], dtype[8] = "", shape[128] = "";
    if (!header || fread(header, 1, length, file) != length) return fprintf(stderr, "cut short\n"), 2;
    snprintf(key, sizeof key, "\"%s\":{", argv[2]); /* the header is JSON: "NAME":{"dtype":..,"shape":[..],..} */
    char *entry = strstr(header, key), *part;
    if (!entry) return fprintf(stderr, "no such tensor\n"), 2;
    if (!(part = strstr(entry, "\"dtype\":\"")) || sscanf(part + 9, "%7[^\"]", dtype) != 1) return 2;
    if (!(part = strstr(entry, "\"shape\":[")) || sscanf(part + 9, "%127[^]]", shape) < 0) return 2;
    if (!(part = strstr(entry, "\"data_offsets\":[")) || sscanf(part + 16, "%llu,%llu", &from, &to) != 2) return 2;
    int wide = strcmp(dtype, "F64") == 0, size = wide ? 8 : 4;
    double sum = 0, value;
    float narrow;
    fseek(file, (long)(8 + length + from), SEEK_SET);
    for (unsigned long long i = 0; i < (to - from) / size; i++) {
        if (fread(wide ? (void *)&value : (void *)&narrow, size, 1, file) != 1) return fprintf(stderr, "cut short\n"), 2;
        if (!wide) value = narrow;
        sum += value * value;
    }
    printf("%s [%s] %.17g\n", dtype, shape, sum);
    return 0;
}
