// Every kind of name once right and once wrong: tools/check_names.py wants a finding on the lines marked `wrong`, and only there.
#define WRIT_PLAIN 1
#define WrongMacro 1  // wrong

namespace right_space {
constexpr int value = 1;
}
namespace WrongSpace {  // wrong
constexpr int value = 1;
}

namespace names {

struct RightStruct {
  int member = 0;
  int WrongMember = 0;  // wrong
};
struct wrong_struct {};  // wrong

class RightClass {
 public:
  void method();
  void WrongMethod();  // wrong
  static void make();
  static void MakeWrong();  // wrong

 protected:
  int right_protected = 0;
  int WrongProtected = 0;  // wrong

 private:
  int private_ = 0;
  int wrong_private = 0;  // wrong
  int mWrong_ = 0;  // wrong
};
class wrong_class {};  // wrong

union RightUnion {
  int member;
};
union wrong_union {  // wrong
  int member;
};

enum class RightEnum {
  right_value,
  WrongValue,  // wrong
  kWrongValue,  // wrong
};
enum class wrong_enum { value };  // wrong

template <class T>
concept RightConcept = sizeof(T) > 0;
template <class T>
concept wrong_concept = sizeof(T) > 0;  // wrong

using RightAlias = int;
using wrong_alias = int;  // wrong
typedef int wrong_typedef;  // wrong

template <class RightType, int right_value>
void right_function(int right_parameter);
template <class wrong_type, int WrongValue>  // wrong
void right_too();
void WrongFunction();  // wrong
void right_again(int WrongParameter);  // wrong

extern int right_global;
extern int WrongGlobal;  // wrong
constexpr int right_constant = 1;
constexpr int kWrongConstant = 1;  // wrong
constexpr int WRONG_CONSTANT = 1;  // wrong

inline int right_local() {
  const int right = 1;
  static int right_static = 1;
  const int wrongLocal = right;  // wrong
  static int WrongStatic = 1;  // wrong
  const auto right_lambda = [](int value) { return value; };
  const auto WrongLambda = [](int value) { return value; };  // wrong
  return right_static + wrongLocal + WrongStatic + right_lambda(1) + WrongLambda(1);
}

}  // namespace names
