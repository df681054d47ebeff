/* The GPT's layers in eight bits, for processors with AVX-512 and VNNI.
 *
 * A step reads every weight once, for a row or for all rows that are there, and does little else,
 * so it should take as long as memory takes to give the weights. In torch it takes longer than that
 * by the calls that a step consists of, and by keys and values that are read as tables.
 *
 * Weights lie as the products want them: 64 rows of a matrix side by side, four columns of each
 * after the other (`_Matrix` in compiled.py). What goes in is rounded row by row to whole numbers
 * from 0 to 255. Sums of whole numbers are exact, and every other sum is made for one row in one
 * order, so no row's result depends by a bit on the rows beside it.
 *
 * Callers answer for the sizes: nothing is checked here.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) /* which has no such pragma */
#define VECTORS
#endif

#ifdef VECTORS
#pragma GCC push_options /* what asks whether the processor can must run on those that cannot */
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c")
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define LANES 16    /* numbers of 32 bits in a vector */
#define OUTPUTS 64  /* rows of a matrix that are multiplied side by side */
#define BLOCK 64    /* places whose keys lie side by side */
#define TILE 6      /* rows that share a reading of weights: registers hold the sums of no more */
#define CHAINS 4    /* sums that are made at a time, so that none waits for the one before */
#define AHEAD 1024  /* halves, 2 KB, by which keys and values are asked for before they are read */

typedef struct {
    int64_t inputs, outputs;  /* outputs a multiple of OUTPUTS, inputs one of 4 */
    const int8_t *weight;     /* (outputs / 64, inputs / 4, 64, 4) */
    const float *scales;      /* of each output, the step of what goes in included */
    const int32_t *zeros;     /* what each sum has too much, since 0 goes in as another number */
    const float *bias;
} Matrix;

typedef struct {
    const float *weight, *bias;
    double epsilon;
} Norm;

typedef struct {
    Matrix in, out, widen, narrow;
    Norm first, second;
} Layer;

typedef struct {
    int64_t layers, heads, size; /* size: of a head, at most 16 or a multiple of it */
    const Layer *layer;
    Matrix predict;
} Network;

/* Where a row keeps keys and values, and how far it looks. */
typedef struct {
    uint16_t *keys;   /* of the first layer, (heads, places / 64, size, 64), half precision */
    uint16_t *values; /* of the first layer, (heads, places, size) */
    int64_t further;  /* numbers from a layer's to the next one's */
    int64_t places;   /* there are, a multiple of BLOCK */
    int64_t place;    /* of this row's own key and value */
    int64_t visible;  /* places from the first on */
} Slot;

/* The first numbers, if fewer than a vector's are left. */
static inline __mmask16 up_to(int64_t left)
{
    return left >= LANES ? 0xFFFF : (__mmask16)((1u << left) - 1);
}

/* Rounds a row to whole numbers; how large a step between them is, times the steps there are.
 * Not a number if one of the row is not. */
static float rounded(const float *x, int64_t count, int positive, uint8_t *whole)
{
    __m512 most = _mm512_setzero_ps();
    __mmask16 broken = 0;
    for (int64_t i = 0; i < count; i += LANES) {
        const __m512 v = _mm512_maskz_loadu_ps(up_to(count - i), x + i);
        broken |= _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
        most = _mm512_max_ps(most, positive ? v : _mm512_abs_ps(v));
    }
    const float size = broken ? NAN : _mm512_reduce_max_ps(most);
    const __m512 steps = _mm512_set1_ps(size > 0 ? (positive ? 255.0f : 127.0f) / size : 0.0f);
    const __m512i zero = _mm512_set1_epi32(positive ? 0 : 128);
    for (int64_t i = 0; i < count; i += LANES) {
        const __mmask16 here = up_to(count - i);
        const __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(here, x + i), steps);
        const __m512i n = _mm512_add_epi32(_mm512_cvtps_epi32(v), zero);
        const __m512i least = _mm512_max_epi32(n, _mm512_setzero_si512());
        _mm_mask_storeu_epi8(whole + i, here, _mm512_cvtusepi32_epi8(least));
    }
    return size;
}

/* Products of some rows with 64 rows of a matrix. */
static inline __attribute__((always_inline)) void
tile(const int rows, const Matrix *m, int64_t output, const uint8_t *x, const float *sizes,
     int relu, float *y)
{
    __m512i sums[TILE][OUTPUTS / LANES];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int b = 0; b < OUTPUTS / LANES; b++)
            sums[r][b] = _mm512_setzero_si512();
    const int8_t *w = m->weight + output * m->inputs;
    for (int64_t i = 0; i < m->inputs; i += 4, w += 4 * OUTPUTS) {
        __m512i weights[OUTPUTS / LANES];
#pragma GCC unroll 8
        for (int b = 0; b < OUTPUTS / LANES; b++)
            weights[b] = _mm512_loadu_si512(w + 4 * LANES * b);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            const __m512i four = _mm512_set1_epi32(*(const int32_t *)(x + r * m->inputs + i));
#pragma GCC unroll 8
            for (int b = 0; b < OUTPUTS / LANES; b++)
                sums[r][b] = _mm512_dpbusd_epi32(sums[r][b], four, weights[b]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int b = 0; b < OUTPUTS / LANES; b++) {
            const int64_t at = output + LANES * b;
            const __m512i sum = _mm512_sub_epi32(sums[r][b], _mm512_loadu_si512(m->zeros + at));
            const __m512 size = _mm512_set1_ps(sizes[r]), bias = _mm512_loadu_ps(m->bias + at);
            const __m512 scale = _mm512_mul_ps(_mm512_loadu_ps(m->scales + at), size);
            __m512 v = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, bias);
            if (relu) /* the operands' order keeps what is not a number */
                v = _mm512_max_ps(_mm512_setzero_ps(), v);
            _mm512_storeu_ps(y + r * m->outputs + at, v);
        }
}

/* y (rows, outputs) of x (rows, inputs); `whole` and `sizes` are room for x in eight bits. */
static void product(const Matrix *m, const float *x, int64_t rows, int positive, int relu,
                    uint8_t *whole, float *sizes, float *y)
{
    for (int64_t r = 0; r < rows; r++)
        sizes[r] = rounded(x + r * m->inputs, m->inputs, positive, whole + r * m->inputs);
    for (int64_t o = 0; o < m->outputs; o += OUTPUTS)
        for (int64_t r = 0; r < rows; r += TILE) {
            const uint8_t *from = whole + r * m->inputs;
            float *to = y + r * m->outputs;
            switch (rows - r) {
            case 1: tile(1, m, o, from, sizes + r, relu, to); break;
            case 2: tile(2, m, o, from, sizes + r, relu, to); break;
            case 3: tile(3, m, o, from, sizes + r, relu, to); break;
            case 4: tile(4, m, o, from, sizes + r, relu, to); break;
            case 5: tile(5, m, o, from, sizes + r, relu, to); break;
            default: tile(TILE, m, o, from, sizes + r, relu, to);
            }
        }
}

/* y = norm(x + y), each a row of so many numbers, a multiple of 16. */
static void add_and_norm(const Norm *norm, const float *x, float *y, int64_t count)
{
    __m512 sum = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
    for (int64_t i = 0; i < count; i += LANES) {
        const __m512 v = _mm512_add_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(y + i));
        _mm512_storeu_ps(y + i, v);
        sum = _mm512_add_ps(sum, v);
    }
    const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / count);
    for (int64_t i = 0; i < count; i += LANES) {
        const __m512 v = _mm512_sub_ps(_mm512_loadu_ps(y + i), mean);
        squares = _mm512_fmadd_ps(v, v, squares);
    }
    const float variance = _mm512_reduce_add_ps(squares) / count;
    const __m512 scale = _mm512_set1_ps((float)(1 / sqrt(variance + norm->epsilon)));
    for (int64_t i = 0; i < count; i += LANES) {
        const __m512 v = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(y + i), mean), scale);
        const __m512 bias = _mm512_loadu_ps(norm->bias + i);
        _mm512_storeu_ps(y + i, _mm512_fmadd_ps(v, _mm512_loadu_ps(norm->weight + i), bias));
    }
}

/* e to the x, for x up to 0, within 2e-7 of it. */
static inline __m512 exponential(__m512 x)
{
    x = _mm512_max_ps(_mm512_set1_ps(-110.0f), x); /* of which it is 0; not a number stays so */
    const __m512 turns = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    __m512 rest = _mm512_fnmadd_ps(turns, _mm512_set1_ps(0.693359375f), x);
    rest = _mm512_fnmadd_ps(turns, _mm512_set1_ps(-2.12194440e-4f), rest);
    __m512 sum = _mm512_set1_ps(1.0f / 720);
    const float terms[] = {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
    for (int i = 0; i < 6; i++)
        sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(terms[i]));
    return _mm512_scalef_ps(sum, turns);
}

static inline void soon(const uint16_t *halves)
{
    _mm_prefetch(halves + AHEAD, _MM_HINT_T0);
}

/* What a head's query finds in the places that it sees. */
static void look(const float *query, int64_t size, const uint16_t *keys, const uint16_t *values,
                 int64_t visible, float *scores, float *found)
{
    __m512 most = _mm512_set1_ps(-INFINITY), total = _mm512_setzero_ps();
    for (int64_t p = 0; p < visible; p += BLOCK) {
        __m512 sums[BLOCK / LANES] = {_mm512_setzero_ps(), _mm512_setzero_ps(),
                                      _mm512_setzero_ps(), _mm512_setzero_ps()};
        const uint16_t *block = keys + p * size;
        for (int64_t d = 0; d < size; d++, block += BLOCK) {
            soon(block);
            soon(block + BLOCK / 2);
            for (int b = 0; b < BLOCK / LANES; b++) {
                const __m256i *halves = (const __m256i *)(block + LANES * b);
                const __m512 key = _mm512_cvtph_ps(_mm256_loadu_si256(halves));
                sums[b] = _mm512_fmadd_ps(_mm512_set1_ps(query[d]), key, sums[b]);
            }
        }
        for (int b = 0; b < BLOCK / LANES && p + LANES * b < visible; b++) {
            const __mmask16 here = up_to(visible - p - LANES * b);
            sums[b] = _mm512_mask_blend_ps(here, _mm512_set1_ps(-INFINITY), sums[b]);
            _mm512_storeu_ps(scores + p + LANES * b, sums[b]);
            most = _mm512_max_ps(sums[b], most);
        }
    }
    const __m512 top = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    for (int64_t p = 0; p < visible; p += LANES) {
        const __m512 v = exponential(_mm512_sub_ps(_mm512_loadu_ps(scores + p), top));
        _mm512_storeu_ps(scores + p, v);
        total = _mm512_add_ps(total, v);
    }
    const __m512 share = _mm512_set1_ps(1 / _mm512_reduce_add_ps(total));
    for (int64_t d = 0; d < size; d += LANES) {
        const __mmask16 here = up_to(size - d);
        __m512 sums[CHAINS] = {_mm512_setzero_ps(), _mm512_setzero_ps(),
                               _mm512_setzero_ps(), _mm512_setzero_ps()};
        /* Beyond what is visible scores are zero, and values finite. */
        for (int64_t p = 0; p < visible; p += CHAINS)
#pragma GCC unroll 4
            for (int c = 0; c < CHAINS; c++) {
                const uint16_t *value = values + (p + c) * size + d;
                soon(value);
                const __m512 v = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(here, value));
                sums[c] = _mm512_fmadd_ps(_mm512_set1_ps(scores[p + c]), v, sums[c]);
            }
        const __m512 even = _mm512_add_ps(sums[0], sums[2]), odd = _mm512_add_ps(sums[1], sums[3]);
        const __m512 sum = _mm512_add_ps(even, odd);
        _mm512_mask_storeu_ps(found + d, here, _mm512_mul_ps(sum, share));
    }
}

/* Puts a row's new keys and values (3, heads, size: queries before them) to its place. */
static void remember(const Network *net, const Slot *slot, int64_t layer, const float *projected)
{
    const int64_t size = net->size, hidden = net->heads * size;
    for (int64_t h = 0; h < net->heads; h++) {
        const float *key = projected + hidden + h * size, *value = key + hidden;
        const int64_t room = layer * slot->further + h * slot->places * size;
        const int64_t block = slot->place / BLOCK * BLOCK, within = slot->place % BLOCK;
        uint16_t *new_key = slot->keys + room + block * size + within;
        uint16_t *new_value = slot->values + room + slot->place * size;
        for (int64_t d = 0; d < size; d++) {
            new_key[d * BLOCK] = _cvtss_sh(key[d], 0);
            new_value[d] = _cvtss_sh(value[d], 0);
        }
    }
}

/* What a row's queries find. */
static void attend(const Network *net, const Slot *slot, int64_t layer, const float *queries,
                   float *scores, float *found)
{
    for (int64_t h = 0; h < net->heads; h++) {
        const int64_t at = h * net->size, room = layer * slot->further + at * slot->places;
        look(queries + at, net->size, slot->keys + room, slot->values + room, slot->visible, scores,
             found + at);
    }
}

/* Sends rows x (rows, hidden) through all layers. */
static int run(const Network *net, const Slot *slots, int64_t rows, float *x)
{
    const int64_t hidden = net->heads * net->size, wide = net->layer->widen.outputs;
    int64_t visible = 0;
    for (int64_t r = 0; r < rows; r++)
        visible = slots[r].visible > visible ? slots[r].visible : visible;
    const int64_t numbers = rows * (1 + 3 * hidden + 2 * hidden + wide) + visible + BLOCK;
    float *sizes = malloc(numbers * sizeof(float) + rows * wide);
    if (!sizes)
        return 0;
    float *projected = sizes + rows, *found = projected + 3 * rows * hidden;
    float *middle = found + rows * hidden, *inner = middle + rows * hidden;
    float *scores = inner + rows * wide;
    uint8_t *whole = (uint8_t *)(sizes + numbers);
    for (int64_t l = 0; l < net->layers; l++) {
        const Layer *layer = net->layer + l;
        product(&layer->in, x, rows, 0, 0, whole, sizes, projected);
        for (int64_t r = 0; r < rows; r++)
            remember(net, slots + r, l, projected + 3 * r * hidden);
        for (int64_t r = 0; r < rows; r++)
            attend(net, slots + r, l, projected + 3 * r * hidden, scores, found + r * hidden);
        product(&layer->out, found, rows, 0, 0, whole, sizes, middle);
        for (int64_t r = 0; r < rows; r++)
            add_and_norm(&layer->first, x + r * hidden, middle + r * hidden, hidden);
        product(&layer->widen, middle, rows, 0, 1, whole, sizes, inner);
        product(&layer->narrow, inner, rows, 1, 0, whole, sizes, x);
        for (int64_t r = 0; r < rows; r++)
            add_and_norm(&layer->second, middle + r * hidden, x + r * hidden, hidden);
    }
    free(sizes);
    return 1;
}

/* Logits (rows, outputs) of what rows (rows, hidden) have become. */
static int predict(const Network *net, const float *x, int64_t rows, float *logits)
{
    float *sizes = malloc(rows * (sizeof(float) + net->predict.inputs));
    if (!sizes)
        return 0;
    product(&net->predict, x, rows, 0, 0, (uint8_t *)(sizes + rows), sizes, logits);
    free(sizes);
    return 1;
}
#pragma GCC pop_options
#endif

static PyObject *supported(PyObject *self, PyObject *nothing)
{
#ifdef VECTORS
    __builtin_cpu_init();
    return PyBool_FromLong(
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma"));
#else
    Py_RETURN_FALSE;
#endif
}

#ifdef VECTORS
static PyObject *run_at(PyObject *self, PyObject *args)
{
    Py_ssize_t network, slots, rows, x;
    int done;
    if (!PyArg_ParseTuple(args, "nnnn", &network, &slots, &rows, &x))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    done = run((const Network *)network, (const Slot *)slots, rows, (float *)x);
    Py_END_ALLOW_THREADS
    if (!done)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *predict_at(PyObject *self, PyObject *args)
{
    Py_ssize_t network, x, rows, logits;
    if (!PyArg_ParseTuple(args, "nnnn", &network, &x, &rows, &logits))
        return NULL;
    if (!predict((const Network *)network, (const float *)x, rows, (float *)logits))
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}
#endif

static PyMethodDef methods[] = {
    {"supported", supported, METH_NOARGS, "Whether this processor can."},
#ifdef VECTORS
    {"run", run_at, METH_VARARGS, "Sends rows through all layers: run(network, slots, rows, x)."},
    {"predict", predict_at, METH_VARARGS, "Logits of rows: predict(network, x, rows, logits)."},
#endif
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native_int8", NULL, -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native_int8(void)
{
    return PyModule_Create(&module);
}
